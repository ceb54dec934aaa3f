/** What was recorded at a moment of the past, and how a player keeps to the clock of the replay. Pure. */
import type { Recording, Segment } from '@/api'

/** A file that shows the moment; `s` is how far into it. */
export interface Shot {
  key: string
  segment: Segment
  s: number
}

/** What is still written reaches to now; there is no end to know. */
const endOf = ({ ended_at }: Segment) => (ended_at === null ? Infinity : Date.parse(ended_at))

/** One shot a participant: of two files that overlap by a moment the newer. */
export function shotsAt(recordings: readonly Recording[], at: number): Shot[] {
  const shots = new Map<string, Shot>()
  for (const { id, deleted_at, segments } of recordings) {
    if (deleted_at !== null) continue
    for (const segment of segments) {
      const started = Date.parse(segment.started_at)
      if (started <= at && at <= endOf(segment))
        shots.set(`${id}/${segment.seat_id ?? segment.seat_name}`, { key: `${id}/${segment.number}`, segment, s: (at - started) / 1000 })
    }
  }
  return [...shots.values()]
}

/** Browsers play no faster than this; beyond it the picture jumps from moment to moment. */
export const FASTEST = 16
/** How far a player may run off before it is set right; a jump costs more than it mends below that. */
const LOOSE_S = 0.4

/** What a player at `now_s` has to do to show `s`: run at `rate` (0: stand still), and jump where `to` says. */
export function follow(now_s: number, s: number, playing: boolean, speed: number): { rate: number; to: number | null } {
  const rate = playing && speed <= FASTEST ? speed : 0
  const off = Math.abs(now_s - s)
  return { rate, to: off > (rate ? LOOSE_S * rate : 0.05) ? s : null }
}
