/** What a change of the roads does to a ranking: who moved up or down, and by how many seconds. */
import type { Responder } from '@/api'

export interface RankChange {
  /** Positive: further up the list than before. */
  places: number
  /** Later (positive) or earlier by this much; null when the road is cut off or open again. */
  seconds: number | null
  /** No road leads there any more. */
  isCutOff: boolean
}

/** Smaller differences are the officers' own movement between the two answers. */
const WORTH_SAYING_S = 5

/**
 * Compare two rankings of the free officers by id; only those whose place or time has changed are in the answer.
 *
 * Places are counted among those who are in both lists: who went off duty in between moves nobody up.
 */
export function rankChanges(before: readonly Responder[], after: readonly Responder[]): Map<number, RankChange> {
  const isFree = ({ status }: Responder) => status === 'free'
  const old = new Map(before.filter(isFree).map((one) => [one.officer_id, one]))
  const both = after.filter((one) => isFree(one) && old.has(one.officer_id))
  const stayed = new Set(both.map(({ officer_id }) => officer_id))
  const oldPlace = new Map([...old.keys()].filter((id) => stayed.has(id)).map((id, place) => [id, place]))

  const changes = new Map<number, RankChange>()
  for (const [place, one] of both.entries()) {
    const was = old.get(one.officer_id)!.travel_time_s
    const is = one.travel_time_s
    const seconds = was === null || is === null ? null : is - was
    const places = oldPlace.get(one.officer_id)! - place
    const isCutOff = was !== null && is === null
    const isOpenAgain = was === null && is !== null
    if (places !== 0 || isCutOff || isOpenAgain || Math.abs(seconds ?? 0) >= WORTH_SAYING_S) {
      changes.set(one.officer_id, { places, seconds, isCutOff })
    }
  }
  return changes
}
