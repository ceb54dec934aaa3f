/**
 * Officers on duty and where they are.
 *
 * Thousands of them move twice a second, so the rows are a plain map that Vue does not watch: the map layer hears of
 * changed ids directly, and the counts on the screens follow at a calmer pace.
 */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { type Officer, type OfficerStatus, useApi } from '@/api'

/** What the feed says of an officer that moved. */
export interface Move {
  id: number
  lon: number
  lat: number
  at: string
  status: OfficerStatus
  speed_mps: number | null
  heading: number | null
  accuracy_m: number | null
}

export interface OfficerCounts {
  onDuty: number
  free: number
  busy: number
  stale: number
}

/** `changed` null: everything may have changed. */
export type OfficersChanged = (changed: number[] | null, gone: number[]) => void

const COUNT_EVERY_MS = 500
const RELOAD_AT_MOST_EVERY_MS = 10_000

export const useOfficers = defineStore('officers', () => {
  const api = useApi()
  const rows = new Map<number, Officer>()
  const listeners = new Set<OfficersChanged>()
  const loaded = ref(false)
  const counts = ref<OfficerCounts>({ onDuty: 0, free: 0, busy: 0, stale: 0 })
  const movedAt = ref<number | null>(null)
  let countTimer: number | undefined
  let reloadTimer: number | undefined

  function count(): void {
    const next = { onDuty: 0, free: 0, busy: 0, stale: 0 }
    for (const { status } of rows.values()) {
      if (status === 'off_duty') continue
      next.onDuty += 1
      next[status] += 1
    }
    counts.value = next
  }

  function tell(changed: number[] | null, gone: number[]): void {
    for (const listener of listeners) listener(changed, gone)
    countTimer ??= window.setTimeout(() => {
      countTimer = undefined
      count()
    }, COUNT_EVERY_MS)
  }

  async function load(): Promise<void> {
    // Most officers are off duty at any time, and nothing here is about them.
    const onDuty = ['free', 'busy', 'stale'] as const
    const pages = await Promise.all(onDuty.map((status) => api.officers({ status, limit: 10_000 })))
    rows.clear()
    for (const { items } of pages) for (const officer of items) rows.set(officer.id, officer)
    loaded.value = true
    count()
    tell(null, [])
  }

  function applyMoves(moves: Move[], gone: number[]): void {
    let strangers = false
    const changed: number[] = []
    for (const move of moves) {
      const known = rows.get(move.id)
      if (known?.at && known.at > move.at) continue // an older batch after a newer snapshot
      if (known) {
        Object.assign(known, move)
      } else {
        rows.set(move.id, arrival(move))
        strangers = true
      }
      changed.push(move.id)
    }
    for (const id of gone) rows.delete(id)
    movedAt.value = Date.now()
    tell(changed, gone)
    if (strangers) expectNewcomer()
  }

  /** Someone is here whom we do not know; the feed carries no names: fetch the list again, soon but not for each. */
  function expectNewcomer(): void {
    reloadTimer ??= window.setTimeout(() => {
      reloadTimer = undefined
      load().catch(() => undefined) // the next newcomer or reconnect asks again
    }, RELOAD_AT_MOST_EVERY_MS)
  }

  /** Someone was called or is through with a task: their dot changes before they next move. */
  function setStatus(id: number, status: OfficerStatus): void {
    const known = rows.get(id)
    if (!known || known.status === status) return
    known.status = status
    tell([id], [])
  }

  /** Hear of changes until the returned function is called. */
  function subscribe(listener: OfficersChanged): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return { rows, loaded, counts, movedAt, load, applyMoves, expectNewcomer, setStatus, subscribe }
})

/** Someone who came on duty after the snapshot: a place now, the rest with the next list. */
function arrival(move: Move): Officer {
  return {
    ...move,
    name: '',
    organisation: '',
    level: '',
    on_duty: true,
    duty_until: null,
    position_age_s: 0,
    region: '',
    version: 0,
  }
}
