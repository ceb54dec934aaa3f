// @vitest-environment jsdom
import { beforeEach, expect, test } from 'vitest'
import type { Officer } from '@/api'
import { type Move, useOfficers } from '@/stores/officers'
import { aServer, withStores } from './fakes'

const officer = (over: Partial<Officer> = {}): Officer => ({
  id: 1, name: 'Wang', organisation: 'Kuiwen', level: 'county', status: 'free', on_duty: true, duty_until: null,
  lon: 119, lat: 36, at: '2026-01-05T02:00:00Z', position_age_s: 3, accuracy_m: 5, speed_mps: 0, heading: null,
  region: '370705', version: 1, ...over,
})
const move = (over: Partial<Move> = {}): Move => ({
  id: 1, lon: 119.001, lat: 36, at: '2026-01-05T02:00:05Z', status: 'free', speed_mps: 3, heading: 90, accuracy_m: 5, ...over,
})

let heard: { changed: number[] | null; gone: number[] }[]
beforeEach(async () => {
  const rows = [officer(), officer({ id: 2, status: 'busy' }), officer({ id: 3, status: 'off_duty', on_duty: false })]
  withStores(
    aServer((_, path) => ({ body: { items: rows.filter(({ status }) => path.includes(`status=${status}`)), next: null } })).api,
  )
  heard = []
  const officers = useOfficers()
  await officers.load()
  officers.subscribe((changed, gone) => heard.push({ changed, gone }))
})

test('who is off duty is not among them, nor counted', () => {
  const officers = useOfficers()
  expect([...officers.rows.keys()]).toEqual([1, 2])
  expect(officers.counts).toEqual({ onDuty: 2, free: 1, busy: 1, stale: 0 })
})

test('a move changes the place and keeps the name', () => {
  const officers = useOfficers()
  officers.applyMoves([move()], [])
  expect(officers.rows.get(1)).toMatchObject({ name: 'Wang', lon: 119.001 })
  expect(heard).toEqual([{ changed: [1], gone: [] }])
})

test('a batch that is older than the snapshot moves nobody back', () => {
  const officers = useOfficers()
  officers.applyMoves([move({ at: '2026-01-05T01:59:00Z', lon: 118 })], [])
  expect(officers.rows.get(1)!.lon).toBe(119)
})

test('someone who is called is busy before the next move', () => {
  const officers = useOfficers()
  officers.setStatus(1, 'busy')
  expect(officers.rows.get(1)!.status).toBe('busy')
  expect(heard).toEqual([{ changed: [1], gone: [] }])
})

test('someone who came on duty is there at once, and who went is gone', () => {
  const officers = useOfficers()
  officers.applyMoves([move({ id: 8 })], [2])
  expect([...officers.rows.keys()]).toEqual([1, 8])
  expect(heard).toEqual([{ changed: [8], gone: [2] }])
})
