// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { tourStops } from '@/screens/wall/tourStops'
import { DWELL_MS, HAND_MS, useTour } from '@/screens/wall/useTour'
import { type App, mount } from './mounting'

let app: App | null = null
let shown: number[]
beforeEach(() => {
  vi.useFakeTimers()
  shown = []
})
afterEach(() => {
  app?.unmount()
  app = null
  vi.useRealTimers()
})

function tour(stops = 3, first = 0) {
  const [made, result] = mount(() => useTour(() => stops, (stop) => shown.push(stop), first))
  app = made
  return result
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

test('left alone it goes round and round', async () => {
  tour()
  await pass(DWELL_MS * 4)
  expect(shown).toEqual([1, 2, 0, 1])
})

test('from a view that is no stop it begins with the first', async () => {
  tour(3, -1)
  await pass(DWELL_MS)
  expect(shown).toEqual([0])
})

test('two who hold it do not release each other', async () => {
  const wall = tour()
  wall.hold('stage')
  wall.hold('reading')
  wall.release('reading')
  await pass(DWELL_MS * 3)
  expect(shown).toEqual([])
  wall.release('stage')
  await pass(DWELL_MS - 1)
  expect(shown).toEqual([])
  await pass(1)
  expect(shown).toEqual([1])
})

test('a touch holds it for a while, the last one counts, and nobody has to start it again', async () => {
  const wall = tour()
  wall.touch()
  await pass(HAND_MS - 1)
  wall.touch()
  await pass(HAND_MS - 1)
  expect(shown).toEqual([])
  await pass(1 + DWELL_MS)
  expect(shown).toEqual([1])
})

test('steps go both ways around', () => {
  const wall = tour()
  wall.step(-1)
  wall.step(1)
  wall.step(1)
  expect(shown).toEqual([2, 0, 1])
  expect(wall.running.value).toBe(false)
})

test('a month of it leaves one timer', async () => {
  tour()
  await pass(DWELL_MS * 200)
  expect(vi.getTimerCount()).toBe(1)
  app?.unmount()
  app = null
  expect(vi.getTimerCount()).toBe(0)
})

test('a round shows every period, every topic and every part', () => {
  const stops = tourStops('37', ['3701', '3702'])
  expect(stops.filter(({ region }) => region === '37').map(({ period, topic }) => `${period} ${topic}`)).toEqual([
    'month inspections', 'quarter inspections', 'year inspections', 'month enterprises', 'month points', 'month stations',
  ])
  expect(stops.slice(-2).map(({ region }) => region)).toEqual(['3701', '3702'])
  expect(tourStops('', [])).toEqual([])
})
