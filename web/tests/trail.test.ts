// @vitest-environment jsdom
import { beforeEach, expect, test } from 'vitest'
import { useOfficers } from '@/stores/officers'
import { useTrail } from '@/stores/trail'
import { aServer, type FakeServer, withStores } from './fakes'

const at = (minute: number) => `2026-01-05T02:${String(minute).padStart(2, '0')}:00Z`
const point = (minute: number, suspect: string | null = null) => ({ lon: 119 + minute / 1000, lat: 36, at: at(minute), suspect })
const move = (id: number, minute: number) =>
  ({ id, lon: 119 + minute / 1000, lat: 36, at: at(minute), status: 'free', speed_mps: 9, heading: 90, accuracy_m: 5 }) as const

let server: FakeServer
beforeEach(() => {
  server = aServer(() => ({ body: { officer_id: 1, items: [point(1), point(2, 'jump'), point(3)], next: null } }))
  withStores(server.api)
})
const minutes = () => useTrail().points.map((one) => new Date(one.at).getUTCMinutes())

test('the way of half an hour is fetched, without what nobody drove', async () => {
  await useTrail().follow(1)
  expect(minutes()).toEqual([1, 3])
  const asked = new URL(server.asked[0]!.replace('GET ', ''), 'http://x')
  expect(asked.pathname).toBe('/api/officers/1/track')
  expect(Date.parse(asked.searchParams.get('to')!) - Date.parse(asked.searchParams.get('from')!)).toBeGreaterThanOrEqual(30 * 60_000)
})

test('it grows with the feed, and what is older than half an hour falls off', async () => {
  await useTrail().follow(1)
  const officers = useOfficers()
  officers.applyMoves([move(1, 4), move(2, 4)], [])
  officers.applyMoves([move(1, 4)], [])
  expect(minutes()).toEqual([1, 3, 4])
  officers.applyMoves([move(1, 32)], [])
  expect(minutes()).toEqual([3, 4, 32])
})

test('it ends with the duty, and with the choice of nobody', async () => {
  const trail = useTrail()
  await trail.follow(1)
  useOfficers().applyMoves([], [1])
  expect([trail.officerId, trail.points.length]).toEqual([null, 0])
  await trail.follow(1)
  await trail.follow(null)
  useOfficers().applyMoves([move(1, 9)], [])
  expect(trail.points).toEqual([])
})
