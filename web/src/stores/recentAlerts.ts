/** What was raised in the last 24 hours, closed or not: only as much of it as a count by hour and kind needs. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { type Alert, type AlertKind, useApi } from '@/api'

export interface RaisedAlert {
  id: number
  kind: AlertKind
  region: string
  /** Milliseconds. */
  at: number
}

export const HOURS = 24
const HOUR_MS = 3_600_000
/** The page must not grow without end: of a day with more, the newest are kept. */
const MOST = 20_000

export const useRecentAlerts = defineStore('recentAlerts', () => {
  const api = useApi()
  const rows = shallowRef<ReadonlyMap<number, RaisedAlert>>(new Map())
  const loaded = shallowRef(false)

  /** Ask for the whole day: at the start, and after every break of the feed. */
  async function load(): Promise<void> {
    const from = Date.now() - HOURS * HOUR_MS
    const fresh = new Map<number, RaisedAlert>()
    let cursor: string | undefined
    do {
      const page = await api.alerts({ since: new Date(from).toISOString(), limit: 5_000, ...(cursor ? { cursor } : {}) })
      for (const alert of page.items) if (Date.parse(alert.raised_at) > from) fresh.set(alert.id, briefly(alert))
      cursor = page.next ?? undefined
    } while (cursor !== undefined && fresh.size < MOST)
    rows.value = fresh
    loaded.value = true
  }

  function add(alert: Alert): void {
    const from = Date.now() - HOURS * HOUR_MS
    const kept = [...rows.value.values()].filter(({ at }) => at > from)
    rows.value = new Map([briefly(alert), ...kept].slice(0, MOST).map((one) => [one.id, one]))
  }

  return { rows, loaded, load, add }
})

const briefly = ({ id, kind, region, raised_at }: Alert): RaisedAlert => ({ id, kind, region, at: Date.parse(raised_at) })

/** How many were raised in each of the 24 hours up to `now`, the present one last, by kind. */
export function byHour(rows: Iterable<RaisedAlert>, kinds: readonly AlertKind[], now: number): Record<AlertKind, number[]> {
  const first = Math.floor(now / HOUR_MS) - HOURS + 1
  const counts = Object.fromEntries(kinds.map((kind) => [kind, new Array<number>(HOURS).fill(0)])) as Record<AlertKind, number[]>
  for (const { kind, at } of rows) {
    const hour = Math.floor(at / HOUR_MS) - first
    if (hour >= 0 && hour < HOURS && counts[kind]) counts[kind][hour]! += 1
  }
  return counts
}
