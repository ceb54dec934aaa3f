/**
 * What has happened to ranked officers since the server ranked them: who was called meanwhile stands back, who declined
 * is marked, and the next best is the best at once, without a new search.
 */
import type { Alert, Responder } from '@/api'
import { isUnderWay } from './alerts'

/** State of every assignment by its id, as a page knew it when it asked for the ranking. */
export type KnownStates = ReadonlyMap<number, string>

export function statesOf(alerts: Iterable<Alert>): Map<number, string> {
  return new Map([...alerts].flatMap(({ assignments }) => assignments.map(({ id, state }) => [id, state] as const)))
}

/** Who has said no to this alert, or did not answer, by the server's word or by later news. */
export function declinedOf(ranked: readonly Responder[], alert: Alert | undefined): Set<number> {
  const told = ranked.filter(({ reasons }) => reasons.some(({ code }) => code === 'declined')).map(({ officer_id }) => officer_id)
  const heard = (alert?.assignments ?? []).flatMap(({ officer_id, state }) => (state === 'declined' && officer_id !== null ? [officer_id] : []))
  return new Set([...told, ...heard])
}

/** The ranking with what changed after `known`, in the server's order. */
export function withNews(ranked: readonly Responder[], known: KnownStates, alerts: Iterable<Alert>): Responder[] {
  const isBusy = new Map<number, boolean>()
  for (const { assignments } of alerts) {
    for (const assignment of assignments) {
      const { id, officer_id, state } = assignment
      if (officer_id === null || known.get(id) === state) continue
      isBusy.set(officer_id, isUnderWay(assignment) || isBusy.get(officer_id) === true)
    }
  }
  if (isBusy.size === 0) return [...ranked]
  return ranked.map((one) => ({ ...one, status: statusOf(one, isBusy.get(one.officer_id)) })).sort(inOrder)
}

function statusOf(one: Responder, isBusy: boolean | undefined): Responder['status'] {
  if (isBusy) return 'busy'
  const why = new Set(one.reasons.map(({ code }) => code))
  // Busy by an assignment that has ended; an expired certificate keeps somebody busy whatever happens.
  if (isBusy === undefined || one.status !== 'busy' || !why.has('busy') || why.has('certificate_expired')) return one.status
  return why.has('stale') ? 'stale' : 'free'
}

function inOrder(a: Responder, b: Responder): number {
  return (
    Number(a.status !== 'free') - Number(b.status !== 'free') ||
    Number(a.certainty === 'possible') - Number(b.certainty === 'possible') ||
    Number(a.travel_time_s === null) - Number(b.travel_time_s === null) ||
    (a.travel_time_s ?? 0) - (b.travel_time_s ?? 0) ||
    a.officer_id - b.officer_id
  )
}
