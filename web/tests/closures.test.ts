import { beforeEach, expect, test } from 'vitest'
import type { Closure } from '@/api'
import { useClosures } from '@/stores/closures'
import { type Answer, aServer, type FakeServer, withStores } from './fakes'

const aClosure = (over: Partial<Closure> = {}): Closure => ({
  id: 1, geometry: { type: 'LineString', coordinates: [[119.15, 36.71], [119.16, 36.71]] }, reason: 'burst main',
  closed_by: 'weifang', closed_at: '2026-01-05T02:00:00Z', ways: null,
  since: '2026-01-05T02:00:00Z', began_at: '2026-01-05T02:00:00Z', until: null, reopened_at: null, region: '370705', lon: 119.155,
  lat: 36.71, drill: false, ...over,
})

let server: FakeServer
let answer: (method: string) => Answer
beforeEach(() => {
  answer = () => ({ body: { items: [], next: null } })
  server = aServer((method) => answer(method))
  withStores(server.api)
})

test('a road that is closed is on the list once, whatever ways the news comes', () => {
  const closures = useClosures()
  closures.apply(aClosure())
  closures.apply(aClosure())
  expect(closures.inForce).toHaveLength(1)
  closures.apply(aClosure({ reopened_at: '2026-01-05T03:00:00Z' }))
  expect(closures.inForce).toEqual([])
})

test('a planned closure waits beside those in force until the server says that it began', () => {
  const closures = useClosures()
  const planned = aClosure({ began_at: null, since: '2026-01-05T08:00:00Z' })
  closures.apply(planned)
  closures.apply(aClosure({ id: 2, began_at: null, since: '2026-01-05T07:00:00Z' }))
  expect(closures.inForce).toEqual([])
  expect(closures.planned.map(({ id }) => id)).toEqual([2, 1])
  closures.apply({ ...planned, began_at: planned.since })
  expect(closures.inForce.map(({ id }) => id)).toEqual([1])
})

test('maps and rankings follow the version of the roads, told once or twice', () => {
  const closures = useClosures()
  closures.applyVersion('a+1')
  closures.applyVersion('a+1')
  expect(closures.revision).toBe(1)
  closures.applyVersion('a~e+1')
  expect(closures.revision).toBe(2)
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

test('closing says how many stretches were closed; reopening asks for that closure', async () => {
  const closures = useClosures()
  answer = (method) => (method === 'POST' ? { status: 201, body: { ...aClosure(), stretches: 3, roads_version: 'a+b' } } : { status: 204 })
  expect(await closures.close({ geometry: aClosure().geometry, reason: 'burst main', since: null, until: null })).toBe(3)
  await closures.reopen(closures.inForce[0]!)
  expect(server.asked).toEqual(['POST /api/roads/closures', 'DELETE /api/roads/closures/1'])
  expect(closures.inForce).toEqual([])
})
