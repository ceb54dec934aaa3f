import { describe, expect, test } from 'vitest'
import type { Recording, Segment } from '@/api'
import { follow, shotsAt } from '@/stores/recordedThen'

const START = Date.parse('2026-01-05T02:00:00Z')
const at = (s: number) => START + s * 1000
const iso = (s: number) => new Date(at(s)).toISOString()
const segment = (number: number, seat_id: number, from: number, to: number | null): Segment => ({
  number, seat_id, seat_name: `seat ${seat_id}`, codecs: ['vp8', 'opus'], started_at: iso(from), ended_at: to === null ? null : iso(to), found: false, url: `/${number}`,
})
const recording = (segments: Segment[], over: Partial<Recording> = {}): Recording => ({
  id: 3, room_id: 12, alert_id: 1, state: 'finished', started_at: iso(0), ended_at: iso(200), legal_hold: false, hold_reason: null, hold_by: null,
  keep_until: iso(9e6), deleted_at: null, bytes: 1, version: 1, segments, ...over,
})

describe('what was recorded at a moment', () => {
  const call = recording([segment(1, 31, 0, 60), segment(2, 32, 10, 60), segment(3, 31, 59.8, null)])

  test('is one shot a participant, so far into its file', () => {
    expect(shotsAt([call], at(-1))).toEqual([])
    expect(shotsAt([call], at(5)).map(({ key, s }) => [key, s])).toEqual([['3/1', 5]])
    expect(shotsAt([call], at(30)).map(({ key, s }) => [key, s])).toEqual([['3/1', 30], ['3/2', 20]])
  })

  test('is the newer of two files that overlap, and what is still written has no end', () => {
    expect(shotsAt([call], at(59.9)).map(({ key }) => key)).toEqual(['3/3', '3/2'])
    expect(shotsAt([call], at(5000)).map(({ key }) => key)).toEqual(['3/3'])
  })

  test('is nothing when the files were deleted', () => {
    expect(shotsAt([recording(call.segments, { deleted_at: iso(300) })], at(30))).toEqual([])
  })
})

describe('a player that keeps to the clock', () => {
  test('runs at its speed and jumps only when it is far off', () => {
    expect(follow(10.3, 10, true, 1)).toEqual({ rate: 1, to: null })
    expect(follow(10.5, 10, true, 1)).toEqual({ rate: 1, to: 10 })
    expect(follow(13, 10, true, 10)).toEqual({ rate: 10, to: null })
  })

  test('stands at the moment when time stands, or passes faster than it can', () => {
    expect(follow(10.2, 10, false, 1)).toEqual({ rate: 0, to: 10 })
    expect(follow(10.01, 10, false, 1)).toEqual({ rate: 0, to: null })
    expect(follow(10, 16, true, 60)).toEqual({ rate: 0, to: 16 })
  })
})
