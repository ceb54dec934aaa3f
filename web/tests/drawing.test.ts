import { expect, test } from 'vitest'
import { type Corner, geometryOf, isEnough, withCorner } from '@/map/drawing'

/** A screen on which a hundredth of a degree is a hundred pixels. */
const project = ([lon, lat]: Corner) => ({ x: lon * 10_000, y: -lat * 10_000 })

test('each click is a corner', () => {
  const line = withCorner(withCorner([], [119, 36], project), [119.01, 36], project)
  expect(line).toEqual([[119, 36], [119.01, 36]])
  expect(isEnough('line', line)).toBe(true)
})

test('the second half of a double click is no corner of its own', () => {
  const line = withCorner([], [119, 36], project)
  expect(withCorner(line, [119.0002, 36.0001], project)).toBe(line)
  expect(isEnough('line', line)).toBe(false)
})

test('an area takes three corners and is closed by the first', () => {
  const corners: Corner[] = [[119, 36], [119.01, 36], [119.01, 36.01]]
  expect(isEnough('area', corners.slice(0, 2))).toBe(false)
  expect(isEnough('area', corners)).toBe(true)
  expect(geometryOf('area', corners)).toEqual({ type: 'Polygon', coordinates: [[[119, 36], [119.01, 36], [119.01, 36.01], [119, 36]]] })
  expect(geometryOf('line', corners)).toEqual({ type: 'LineString', coordinates: [[119, 36], [119.01, 36], [119.01, 36.01]] })
})
