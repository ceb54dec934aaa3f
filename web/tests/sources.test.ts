// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Source } from '@/api'
import { useLive } from '@/stores/live'
import { useSources } from '@/stores/sources'
import { type Answer, aServer, type FakeServer, withStores } from './fakes'

const source = (over: Partial<Source> = {}): Source => ({
  id: 'positions', title: { zh: '人员定位', en: 'Positions' }, state: 'live', last_at: '2026-01-05T02:00:00Z',
  stopped_since: null, expected_every_s: 2, stopped_in: [], ...over,
})
const at = (time: string) => Date.parse(`2026-01-05T${time}Z`)

let rows: Source[]
let answer: () => Answer
let server: FakeServer
let unfollow = () => {}
beforeEach(() => {
  vi.useFakeTimers()
  rows = [source(), source({ id: 'feed' })]
  answer = () => ({ body: { items: rows } })
  server = aServer(() => answer())
  withStores(server.api)
})
afterEach(() => {
  unfollow()
  vi.useRealTimers()
})

async function followed() {
  const sources = useSources()
  useLive().state = 'current'
  unfollow = sources.follow()
  await vi.advanceTimersByTimeAsync(0)
  return sources
}

test('what is not known yet is neither live nor stopped', () => {
  expect(useSources().freshness('positions')).toBeNull()
})

test('a source says its state and the time of its data', async () => {
  const sources = await followed()
  expect(sources.freshness('positions')).toEqual({ state: 'live', lastAt: at('02:00:00'), stoppedSince: null, stoppedIn: 0 })
  expect(sources.freshness('records')).toBeNull()
})

test('a loss is asked for as soon as the feed tells of it, once for many', async () => {
  const sources = await followed()
  rows = [source({ state: 'stopped', stopped_since: '2026-01-05T02:00:00Z' }), source({ id: 'feed' })]
  for (let seq = 1; seq < 5; seq += 1) useLive().deliver([{ seq, kind: 'source.lost', data: { id: 'positions' } }])
  await vi.advanceTimersByTimeAsync(500)
  expect(sources.freshness('positions')).toMatchObject({ state: 'stopped', stoppedSince: at('02:00:00') })
  expect(server.asked).toHaveLength(2)
})

test('when the server has lost its database everything has stopped, without a question', async () => {
  const sources = await followed()
  answer = () => ({ status: 503, body: { title: 'away' } })
  const data = { id: 'feed', state: 'stopped', last_at: null, stopped_since: '2026-01-05T02:03:00Z' }
  useLive().deliver([{ kind: 'source.lost', data }])
  expect(sources.freshness('positions')).toMatchObject({ state: 'stopped', stoppedSince: at('02:03:00') })
  await vi.advanceTimersByTimeAsync(500)
  expect(sources.freshness('positions')).toMatchObject({ state: 'stopped' })
})

test('while our own link is down nothing is the present', async () => {
  const sources = await followed()
  const live = useLive()
  live.state = 'reconnecting'
  live.currentUntil = at('02:05:00')
  expect(sources.freshness('positions')).toMatchObject({ state: 'stopped', stoppedSince: at('02:05:00') })
  live.state = 'current'
  expect(sources.freshness('positions')).toMatchObject({ state: 'live' })
})

test('the time of the data goes on while it is followed, and no question is asked afterwards', async () => {
  const sources = await followed()
  const second = sources.follow()
  rows = [source({ last_at: '2026-01-05T02:00:10Z' }), source({ id: 'feed' })]
  await vi.advanceTimersByTimeAsync(10_000)
  expect(sources.freshness('positions')?.lastAt).toBe(at('02:00:10'))
  unfollow()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(server.asked).toHaveLength(3)
  second()
  unfollow = () => {}
  await vi.advanceTimersByTimeAsync(60_000)
  expect(server.asked).toHaveLength(3)
})
