// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RankingThen, Replay, TimelineEvent, TrackThen } from '@/api'
import { alertAt, asShown, closedAt, placeAt, rankingAt, wayUntil } from '@/stores/pastMoment'
import { useReplay } from '@/stores/replay'
import { anAlert, anAssignment, aResponder, aServer, withStores } from './fakes'

const START = Date.parse('2026-01-05T02:00:00Z')
const at = (s: number) => START + s * 1000
const iso = (s: number) => new Date(at(s)).toISOString()
const event = (seq: number, s: number, kind: string, data: object): TimelineEvent => ({ seq, at: iso(s), kind, subject: '', region: '370705', actor: 'duty', data: data as Record<string, unknown> })

const EVENTS = [
  event(1, 300, 'alert.raised', anAlert()),
  event(2, 360, 'alert.acknowledged', anAlert({ status: 'acknowledged', version: 2, assignments: [anAssignment()] })),
  event(3, 360, 'assignment.offered', anAssignment()),
  event(4, 380, 'assignment.accepted', anAssignment({ state: 'accepted', version: 2 })),
]
const RANKING: RankingThen = {
  at: iso(360), by: 'duty', way: 'list', assignment_ids: [31], radius_m: 3000, in_range: 2, recommended: 4, chosen: [4], override_reason: null,
  seen: [{ officer_id: 5, travel_time_s: 200 }, { officer_id: 4, travel_time_s: 240 }],
  ranked: [aResponder({ officer_id: 4, travel_time_s: 190 }), aResponder({ officer_id: 5, travel_time_s: 210 })],
}
const TRACK: TrackThen = { officer_id: 4, name: 'Wang', organisation: '', concerned: true, points: [[10, 119, 36], [20, 119.01, 36], [400, 119.05, 36.02]] }
const REPLAY: Replay = {
  alert: anAlert(), window: { start: iso(0), end: iso(1000), first: iso(0), last: iso(5000) }, events: EVENTS, rankings: [RANKING], tracks: [TRACK], cut: false, readings: null,
  closures: [{ id: 1, geometry: { type: 'Point', coordinates: [119, 36] }, reason: 'x', closed_by: 'duty', closed_at: iso(100), until: iso(900), reopened_at: iso(500) }],
}

describe('a moment of the past', () => {
  test('has everybody between their fixes, and nobody before the first', () => {
    expect(placeAt(TRACK, 5)).toBeNull()
    expect(placeAt(TRACK, 15)).toMatchObject({ lon: 119.005, lat: 36, age_s: 0 })
    // Six minutes without a fix: nobody knows the way, so they stay where they were heard of, older and older.
    expect(placeAt(TRACK, 200)).toMatchObject({ lon: 119.01, age_s: 180 })
    expect(placeAt(TRACK, 700)).toMatchObject({ lon: 119.05, age_s: 300 })
    expect(wayUntil(TRACK, 20)).toEqual([[119, 36], [119.01, 36]])
  })

  test('has the alert and the assignments as they were', () => {
    expect(alertAt(EVENTS, at(299))).toBeNull()
    expect(alertAt(EVENTS, at(300))).toMatchObject({ status: 'raised', assignments: [] })
    expect(alertAt(EVENTS, at(370))).toMatchObject({ status: 'acknowledged', assignments: [{ state: 'offered' }] })
    expect(alertAt(EVENTS, at(380))!.assignments[0]!.state).toBe('accepted')
  })

  test('has the list that was on the screen, from the click on, in the order and with the times of the screen', () => {
    expect(rankingAt([RANKING], at(359))).toBeNull()
    expect(rankingAt([RANKING], at(360))).toBe(RANKING)
    expect(asShown(RANKING).map(({ officer_id, travel_time_s }) => [officer_id, travel_time_s])).toEqual([[5, 200], [4, 240]])
    expect(asShown({ ...RANKING, seen: null })).toBe(RANKING.ranked)
  })

  test('has the roads closed that were', () => {
    expect([99, 100, 499, 500].map((s) => closedAt(REPLAY.closures, at(s)).length)).toEqual([0, 1, 1, 0])
  })
})

describe('playing', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  async function loaded() {
    const server = aServer(() => ({ body: REPLAY }))
    withStores(server.api)
    const replay = useReplay()
    await replay.load(1)
    return { replay, asked: server.asked }
  }

  test('begins with the alert, runs at its speed and stops at the end', async () => {
    const { replay } = await loaded()
    expect(replay.at).toBe(at(300))
    replay.speed = 60
    replay.play()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(replay.at).toBeGreaterThanOrEqual(at(300 + 4.8 * 60))
    expect(replay.at).toBeLessThanOrEqual(at(300 + 5 * 60))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(replay.at).toBe(at(1000))
    expect(replay.playing).toBe(false)
  })

  test('steps from mark to mark, and never leaves what is loaded', async () => {
    const { replay } = await loaded()
    replay.seek(at(-50))
    expect(replay.at).toBe(at(0))
    const steps = Array.from({ length: 4 }, () => {
      replay.step(1)
      return replay.at
    })
    expect(steps).toEqual([at(100), at(300), at(360), at(380)])
    replay.step(-1)
    expect(replay.at).toBe(at(360))
    expect(replay.ranking).toEqual(RANKING)
    expect(replay.happened.map(({ seq }) => seq)).toEqual([3, 2, 1])
  })

  test('turns to the hours after, as far as there are any', async () => {
    const { replay, asked } = await loaded()
    expect([replay.hasEarlier, replay.hasLater]).toEqual([false, true])
    await replay.turn(1)
    expect(decodeURIComponent(asked.at(-1)!)).toBe(`GET /api/alerts/1/replay?from=${iso(1000)}&to=${iso(2000)}`)
  })
})
