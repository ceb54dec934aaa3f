/** What an open alert waits for, and for whom: the dispatcher reads this first. */
import type { Alert, Assignment } from '@/api'
import { finishedBy, isOpen, isUnderWay } from './alerts'

export type WaitKind = 'acknowledge' | 'send' | 'answer' | 'depart' | 'drive' | 'scene' | 'close'

export interface Waiting {
  kind: WaitKind
  /** Whom it waits for; null: for the desk itself. */
  officer: string | null
  /** Since when (ISO 8601). */
  since: string
  /** Until when an answer may come. */
  until: string | null
  assignment: Assignment | null
}

const FOR_OFFICER: Record<string, [WaitKind, (one: Assignment) => string | null]> = {
  offered: ['answer', (one) => one.offered_at],
  accepted: ['depart', (one) => one.accepted_at],
  departed: ['drive', (one) => one.departed_at],
  arrived: ['scene', (one) => one.arrived_at],
}

/** Everything that this alert waits for, what the desk itself must do first. Nothing for a closed one. */
export function waitingFor(alert: Alert): Waiting[] {
  if (!isOpen(alert)) return []
  const forDesk = (kind: WaitKind, since: string): Waiting => ({ kind, officer: null, since, until: null, assignment: null })
  const waits: Waiting[] = alert.status === 'raised' ? [forDesk('acknowledge', alert.raised_at)] : []
  const underWay = alert.assignments.filter(isUnderWay)
  for (const one of underWay) {
    const [kind, since] = FOR_OFFICER[one.state]!
    waits.push({ kind, officer: one.officer_name, since: since(one) ?? one.offered_at, until: one.state === 'offered' ? one.expires_at : null, assignment: one })
  }
  if (underWay.length > 0) return waits
  const through = finishedBy(alert)
  if (through) waits.push(forDesk('close', through.finished_at ?? through.offered_at))
  else if (alert.status !== 'raised') waits.push(forDesk('send', lastNo(alert) ?? alert.acknowledged_at ?? alert.raised_at))
  return waits
}

/** When the last one who was called said no or was called back: since then nobody is coming. */
function lastNo({ assignments }: Alert): string | null {
  return assignments.map(({ declined_at, cancelled_at }) => declined_at ?? cancelled_at ?? '').sort().at(-1) || null
}
