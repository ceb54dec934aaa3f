/** Which alerts the queue shows, and in which order. The address of the page holds it, so that it can be shared. */
import type { Alert, AlertKind, AlertLevel } from '@/api'
import { byUrgency } from './alerts'
import { waitingFor } from './waiting'

export const KINDS: readonly AlertKind[] = ['pollution_source', 'environment_quality', 'enforcement_task', 'manual']
export const LEVELS: readonly AlertLevel[] = [1, 2, 3, 4]
export const SORTS = ['urgency', 'newest', 'oldest', 'level'] as const
export type Sort = (typeof SORTS)[number]
export const WAITS = ['desk', 'officer'] as const

export interface QueueFilter {
  list: 'open' | 'closed'
  kind: AlertKind | ''
  level: AlertLevel | 0
  /** Of the open ones: those that wait for the desk, or for an officer. */
  waits: (typeof WAITS)[number] | ''
  /** A county's code. */
  region: string
  /** Only those that I have taken on or sent somebody to. */
  mine: boolean
  sort: Sort
  /** Of the closed ones: part of the title, and the days (Beijing) when they were raised. */
  words: string
  from: string
  to: string
}

export const NO_FILTER: QueueFilter = { list: 'open', kind: '', level: 0, waits: '', region: '', mine: false, sort: 'urgency', words: '', from: '', to: '' }

type Query = Record<string, string | undefined>

/** Read a filter from the address; whatever makes no sense there counts as not said. */
export function filterFrom(query: Record<string, unknown>): QueueFilter {
  const text = (name: string) => (typeof query[name] === 'string' ? (query[name] as string) : '')
  const among = <Value>(values: readonly Value[], found: unknown, otherwise: Value) => (values.includes(found as Value) ? (found as Value) : otherwise)
  const day = (name: string) => (/^\d{4}-\d\d-\d\d$/.test(text(name)) ? text(name) : '')
  return {
    list: among(['open', 'closed'] as const, text('list'), 'open'),
    kind: among([...KINDS, ''] as const, text('kind'), ''),
    level: among([...LEVELS, 0] as const, Number(text('level')), 0),
    waits: among([...WAITS, ''] as const, text('waits'), ''),
    region: /^\d{6}$/.test(text('region')) ? text('region') : '',
    mine: text('mine') === '1',
    sort: among(SORTS, text('sort'), 'urgency'),
    words: text('words').slice(0, 100),
    from: day('from'),
    to: day('to'),
  }
}

/** What of a filter must stand in the address: only what differs from no filter at all. */
export function queryOf(filter: QueueFilter): Query {
  const differs = (name: keyof QueueFilter) => filter[name] !== NO_FILTER[name]
  return Object.fromEntries((Object.keys(NO_FILTER) as (keyof QueueFilter)[]).map((name) => [name, differs(name) ? (filter[name] === true ? '1' : String(filter[name])) : undefined]))
}

export const isFiltered = ({ kind, level, waits, region, mine, words, from, to }: QueueFilter) =>
  Boolean(kind || level || waits || region || mine || words || from || to)

const ORDER: Record<Sort, (a: Alert, b: Alert) => number> = {
  urgency: byUrgency,
  newest: (a, b) => b.raised_at.localeCompare(a.raised_at) || b.id - a.id,
  oldest: (a, b) => a.raised_at.localeCompare(b.raised_at) || a.id - b.id,
  level: (a, b) => a.level - b.level || b.raised_at.localeCompare(a.raised_at),
}

/** The alerts of a list that pass, in order. `me` is the name under which one's own clicks are recorded. */
export function filtered(alerts: readonly Alert[], filter: QueueFilter, me: string): Alert[] {
  return alerts
    .filter(
      (alert) =>
        (!filter.kind || alert.kind === filter.kind) &&
        (!filter.level || alert.level === filter.level) &&
        (!filter.region || alert.region === filter.region) &&
        (!filter.waits || waitingFor(alert).some(({ officer }) => (officer === null) === (filter.waits === 'desk'))) &&
        (!filter.mine || isMine(alert, me)),
    )
    .sort(ORDER[filter.sort])
}

const isMine = (alert: Alert, me: string) => alert.acknowledged_by === me || alert.closed_by === me || alert.assignments.some(({ offered_by }) => offered_by === me)
