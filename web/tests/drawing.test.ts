import { expect, test } from 'vitest'
import { type Corner, isLine, withCorner } from '@/map/drawing'

/** A screen on which a hundredth of a degree is a hundred pixels. */
const project = ([lon, lat]: Corner) => ({ x: lon * 10_000, y: -lat * 10_000 })

test('each click is a corner', () => {
  const line = withCorner(withCorner([], [119, 36], project), [119.01, 36], project)
  expect(line).toEqual([[119, 36], [119.01, 36]])
  expect(isLine(line)).toBe(true)
})

test('the second half of a double click is no corner of its own', () => {
  const line = withCorner([], [119, 36], project)
  expect(withCorner(line, [119.0002, 36.0001], project)).toBe(line)
  expect(isLine(line)).toBe(false)
})
