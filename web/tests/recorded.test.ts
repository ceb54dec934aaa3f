import { expect, test } from 'vitest'
import type { Recording, Segment } from '@/api'
import { nextRecorded, shownAt } from '@/stores/recorded'

const at = (clock: string) => Date.parse(`2026-01-05T${clock}Z`)

function aSegment(seat: number, number: number, from: string, to: string | null): Segment {
  return {
    number, seat_id: seat, seat_name: `Seat ${seat}`, codecs: ['vp8', 'opus'], started_at: `2026-01-05T${from}Z`,
    ended_at: to && `2026-01-05T${to}Z`, sha256: null, url: `/api/recordings/1/segments/${number}`,
  }
}

function aRecording(segments: Segment[], over: Partial<Recording> = {}): Recording {
  return {
    id: 1, room_id: 9, alert_id: 1, state: 'finished', started_at: '2026-01-05T02:00:00Z', ended_at: '2026-01-05T02:05:00Z',
    legal_hold: false, keep_until: '2026-07-05T00:00:00Z', deleted_at: null, bytes: 1, version: 1, segments,
    ...over,
  }
}

const CALL = aRecording([
  aSegment(2, 1, '02:00:10', '02:01:10'), aSegment(1, 2, '02:00:00', '02:01:00'), aSegment(2, 3, '02:01:10', null),
])

test('of each participant the segment of that moment, and how far into it', () => {
  expect(shownAt([CALL], at('02:00:40')).map(({ segment, at }) => [segment.number, at])).toEqual([[2, 40], [1, 30]])
  expect(shownAt([CALL], at('02:01:10')).map(({ segment }) => segment.number)).toEqual([3])
})

test('a segment that nobody ended lasts as long as the recording, or until now', () => {
  expect(shownAt([CALL], at('02:04:59'))).toHaveLength(1)
  expect(shownAt([CALL], at('02:05:00'))).toEqual([])
  expect(shownAt([{ ...CALL, ended_at: null }], at('03:00:00'))).toHaveLength(1)
})

test('what was deleted shows nothing', () => {
  const gone = { ...CALL, deleted_at: '2026-07-05T00:00:00Z' }
  expect(shownAt([gone], at('02:00:40'))).toEqual([])
  expect(nextRecorded([gone], 0)).toBeNull()
})

test('where the next recorded moment is', () => {
  expect(nextRecorded([CALL], at('01:00:00'))).toBe(at('02:00:00'))
  expect(nextRecorded([CALL], at('02:00:05'))).toBe(at('02:00:10'))
  expect(nextRecorded([CALL], at('02:02:00'))).toBeNull()
})
