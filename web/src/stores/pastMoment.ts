/** One moment of an alert's past, put together from what the server has kept. Pure: the same moment, the same screen. */
import type { Alert, Assignment, ClosureThen, RankingThen, Replay, TimelineEvent, TrackThen } from '@/api'

/** Between two fixes farther apart than this nobody knows the way: the officer stays at the first of them. */
const LONGEST_GAP_S = 90
/** Without a fix for so long an officer is where they were last heard of, and the picture says so. */
export const OLD_AFTER_S = 300

export interface PlaceThen {
  officer_id: number
  name: string
  concerned: boolean
  lon: number
  lat: number
  /** Seconds since the fix that this place rests on. */
  age_s: number
}

/** Where an officer was `s` seconds into the window; null before the first fix. */
export function placeAt({ officer_id, name, concerned, points }: TrackThen, s: number): PlaceThen | null {
  const after = points.findIndex(([at]) => at > s)
  const i = after === -1 ? points.length - 1 : after - 1
  const last = points[i]
  if (!last) return null
  const next = points[i + 1]
  const [at, lon, lat] = last
  const share = next && next[0] - at <= LONGEST_GAP_S ? (s - at) / (next[0] - at) : 0
  return {
    officer_id, name, concerned,
    lon: next ? lon + (next[1] - lon) * share : lon,
    lat: next ? lat + (next[2] - lat) * share : lat,
    age_s: share > 0 ? 0 : s - at,
  }
}

/** The way of an officer up to then, and not beyond. */
export function wayUntil({ points }: TrackThen, s: number): [number, number][] {
  return points.filter(([at]) => at <= s).map(([, lon, lat]) => [lon, lat])
}

/** The alert with its assignments as everybody saw it then; null before it was raised. */
export function alertAt(events: readonly TimelineEvent[], at: number): Alert | null {
  let alert: Alert | null = null
  const assignments = new Map<number, Assignment>()
  for (const { kind, data, at: when } of events) {
    if (Date.parse(when) > at) break
    if (kind.startsWith('alert.')) {
      alert = data as unknown as Alert
      for (const one of alert.assignments ?? []) assignments.set(one.id, one)
    } else if (kind.startsWith('assignment.')) {
      const one = data as unknown as Assignment
      assignments.set(one.id, one)
    }
  }
  return alert && { ...alert, assignments: [...assignments.values()].sort((a, b) => a.id - b.id) }
}

/** The newest list from which somebody had been sent by then. */
export function rankingAt(rankings: readonly RankingThen[], at: number): RankingThen | null {
  return rankings.findLast(({ at: when }) => Date.parse(when) <= at) ?? null
}

/** The list in the order and with the times that the dispatcher's screen showed; the server's own when no screen did. */
export function asShown({ seen, ranked }: RankingThen): RankingThen['ranked'] {
  if (seen === null) return ranked
  const known = new Map(ranked.map((one) => [one.officer_id, one]))
  return seen.flatMap(({ officer_id, travel_time_s }) => {
    const one = known.get(officer_id)
    return one ? [{ ...one, travel_time_s }] : []
  })
}

export function closedAt(closures: readonly ClosureThen[], at: number): ClosureThen[] {
  const isBefore = (moment: string | null) => moment !== null && Date.parse(moment) <= at
  return closures.filter(({ closed_at, until, reopened_at }) => isBefore(closed_at) && !isBefore(until) && !isBefore(reopened_at))
}

export interface Mark {
  at: number
  kind: string
  officer: string
}

/** What stands on the bar of time: the events, and the closing and opening of roads. */
export function marksOf({ events, closures, window }: Replay): Mark[] {
  const [start, end] = [Date.parse(window.start), Date.parse(window.end)]
  const roads = closures.flatMap(({ closed_at, reopened_at }) => [
    { at: Date.parse(closed_at), kind: 'road.closed', officer: '' },
    ...(reopened_at ? [{ at: Date.parse(reopened_at), kind: 'road.reopened', officer: '' }] : []),
  ])
  return [...events.map(({ at, kind, data }) => ({ at: Date.parse(at), kind, officer: String(data.officer_name ?? '') })), ...roads]
    .filter(({ at }) => at >= start && at <= end)
    .sort((a, b) => a.at - b.at)
}
