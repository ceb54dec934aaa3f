/** Which recorded segments show a moment of the past. */
import type { Recording, Segment } from '@/api'

export interface Shown {
  segment: Segment
  /** Seconds from the beginning of the segment. */
  at: number
}

/** One of each participant, in the order in which they were first recorded. `at`: milliseconds. */
export function shownAt(recordings: readonly Recording[], at: number): Shown[] {
  const byPerson = new Map<string, Shown>()
  for (const { segments, deleted_at, ended_at } of recordings) {
    if (deleted_at !== null) continue
    for (const segment of segments) {
      const start = Date.parse(segment.started_at)
      const until = segment.ended_at ?? ended_at
      if (at < start || (until !== null && at >= Date.parse(until))) continue
      byPerson.set(`${segment.seat_id ?? segment.seat_name}`, { segment, at: (at - start) / 1000 })
    }
  }
  return [...byPerson.values()].sort((a, b) => (a.segment.seat_id ?? 0) - (b.segment.seat_id ?? 0))
}

/** The first moment at which something was recorded at or after `at`, or null. */
export function nextRecorded(recordings: readonly Recording[], at: number): number | null {
  const starts = recordings.filter(({ deleted_at }) => deleted_at === null).flatMap(({ segments }) => segments.map(({ started_at }) => Date.parse(started_at)))
  const later = starts.filter((start) => start >= at)
  return later.length > 0 ? Math.min(...later) : null
}
