import { expect, test } from 'vitest'
import { boxesOf, halfSize } from '@/map/labels'

test('a Chinese character is as wide as it is high, a digit little more than half of it', () => {
  expect(halfSize('潍坊市', 20)).toEqual([32, 12])
  expect(halfSize('291', 20)[0]).toBeCloseTo(19.4)
})

test('a box lies where its text is drawn, below its place when it is', () => {
  const labels = [
    { lon: 119, lat: 36, below: 0, half: [32, 12] as const },
    { lon: 119, lat: 36, below: 22, half: [19, 12] as const },
  ]
  expect([...boxesOf(labels, ([lon, lat]) => ({ x: lon * 10, y: lat * 10 }))]).toEqual([1190, 360, 32, 12, 1190, 382, 19, 12])
})
