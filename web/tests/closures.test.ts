import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Closure } from '@/api'
import { useClosures } from '@/stores/closures'
import { type Answer, aServer, type FakeServer, withStores } from './fakes'

const aClosure = (over: Partial<Closure> = {}): Closure => ({
  id: 1, geometry: { type: 'LineString', coordinates: [[119.15, 36.71], [119.16, 36.71]] }, reason: 'burst main',
  closed_by: 'weifang', closed_at: '2026-01-05T02:00:00Z', until: null, reopened_at: null, region: '370705', lon: 119.155,
  lat: 36.71, drill: false, ...over,
})

let server: FakeServer
let answer: (method: string) => Answer
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-05T02:00:00Z') })
  answer = () => ({ body: { items: [], next: null } })
  server = aServer((method) => answer(method))
  withStores(server.api)
})
afterEach(() => vi.useRealTimers())

test('a road that is closed is on the list once, whatever ways the news comes', () => {
  const closures = useClosures()
  closures.apply(aClosure())
  closures.apply(aClosure())
  expect(closures.inForce).toHaveLength(1)
  expect(closures.revision).toBe(1)
})

test('a road that is reopened leaves the list, and the maps are drawn again', () => {
  const closures = useClosures()
  closures.apply(aClosure())
  closures.apply(aClosure({ reopened_at: '2026-01-05T03:00:00Z' }))
  expect(closures.inForce).toEqual([])
  expect(closures.revision).toBe(2)
})

test('a map that never asked for the list is drawn again when a road is reopened', () => {
  const closures = useClosures()
  closures.apply(aClosure({ reopened_at: '2026-01-05T03:00:00Z' }))
  expect(closures.revision).toBe(1)
})

test('what was closed while the link was broken changes the roads, the first list does not', async () => {
  const closures = useClosures()
  await closures.load()
  expect(closures.revision).toBe(0)
  answer = () => ({ body: { items: [aClosure()], next: null } })
  await closures.load()
  expect(closures.revision).toBe(1)
  await closures.load()
  expect(closures.revision).toBe(1)
})

test('a closure whose time is up leaves the list when the server has opened the road', () => {
  const closures = useClosures()
  closures.apply(aClosure({ until: '2026-01-05T02:30:00Z' }))
  closures.apply(aClosure({ id: 2 }))
  vi.advanceTimersByTime(30 * 60_000)
  expect(closures.inForce).toHaveLength(2)
  vi.advanceTimersByTime(60_000)
  expect(closures.inForce.map(({ id }) => id)).toEqual([2])
  expect(closures.revision).toBe(3)
})

test('closing says how many stretches were closed; reopening asks for that closure', async () => {
  const closures = useClosures()
  answer = (method) => (method === 'POST' ? { status: 201, body: { ...aClosure(), stretches: 3, roads_version: 'a+b' } } : { status: 204 })
  expect(await closures.close({ geometry: aClosure().geometry, reason: 'burst main', until: null })).toBe(3)
  await closures.reopen(closures.inForce[0]!)
  expect(server.asked).toEqual(['POST /api/roads/closures', 'DELETE /api/roads/closures/1'])
  expect(closures.inForce).toEqual([])
})
