/** Who can reach the alert that is open on the desk, in the order of the server. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { isAbort, type RankRange, type Responder, type Responders, useApi } from '@/api'
import { useAlerts } from './alerts'
import { type RankChange, rankChanges } from './rankChanges'
import { declinedOf, type KnownStates, statesOf, withNews } from './rankNews'

export const RADIUS_M = 3000
/** What a desk can choose from; the last is everybody it may see. */
export const RANGES: readonly RankRange[] = [
  { radius_m: RADIUS_M }, { radius_m: 10_000 }, { radius_m: 30_000 }, { within_min: 15 }, { within_min: 30 },
  { within_min: 60 }, { radius_m: 3_000_000 },
]
/** Circles larger than this are not drawn: they would say "everywhere". */
const WIDEST_CIRCLE_M = 100_000

/** The feed may be quicker than the roads of the worker that answers: ask until the roads are others than before. */
const ASK_AFTER_MS = [0, 300, 700, 1_500, 3_000]
/** So long the list says what a closure has changed. */
const CHANGES_STAY_MS = 90_000

const passed = (ms: number) => new Promise<void>((resolve) => window.setTimeout(resolve, ms))

export const useResponders = defineStore('responders', () => {
  const api = useApi()
  const alerts = useAlerts()
  const alertId = ref<number | null>(null)
  const answer = shallowRef<Responders | null>(null)
  const loading = ref(false)
  const error = shallowRef<unknown>(null)
  /** What the last change of the roads did to this ranking, by officer. */
  const changes = shallowRef<ReadonlyMap<number, RankChange>>(new Map())
  let running: AbortController | null = null
  let roadRound = 0
  let changesTimer: number | undefined

  const range = shallowRef<RankRange>(RANGES[0]!)
  /** The circle to draw; null where no radius bounds the list, or none that one could see. */
  const radiusM = computed(() => ('radius_m' in range.value && range.value.radius_m <= WIDEST_CIRCLE_M ? range.value.radius_m : null))
  /** What was known of all assignments when the ranking was asked for. */
  const known = shallowRef<KnownStates>(new Map())

  const ranked = computed(() => answer.value?.responders ?? [])
  const list = computed<Responder[]>(() => withNews(ranked.value, known.value, alerts.rows.values()))
  const declined = computed(() => declinedOf(ranked.value, alertId.value === null ? undefined : alerts.rows.get(alertId.value)))
  /** Whom to call now; when that one declines, the next is here at once. */
  const best = computed<Responder | null>(
    () => list.value.find((one) => one.status === 'free' && one.travel_time_s !== null && !declined.value.has(one.officer_id)) ?? null,
  )

  /** Rank for this alert; a question still under way for another one is given up. */
  async function load(id: number): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    if (alertId.value !== id) {
      answer.value = null
      showChanges(new Map())
    }
    alertId.value = id
    loading.value = true
    const asked = statesOf(alerts.rows.values())
    try {
      const fresh = await api.responders(id, { ...range.value, limit: 50 }, { signal: mine.signal })
      if (running !== mine) return
      answer.value = fresh
      known.value = asked
      error.value = null
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    } finally {
      if (running === mine) loading.value = false
    }
  }

  /** Ask about others than before. */
  async function choose(next: RankRange): Promise<void> {
    range.value = next
    showChanges(new Map())
    if (alertId.value !== null) await load(alertId.value)
  }

  /** A road was closed or reopened: rank again at once, and remember what that changed. */
  async function loadOnNewRoads(id: number): Promise<void> {
    const round = ++roadRound
    const before = alertId.value === id ? answer.value : null
    for (const pause of ASK_AFTER_MS) {
      if (pause > 0) await passed(pause)
      if (round !== roadRound || (before && alertId.value !== id)) return
      await load(id)
      if (!before) return
      if (answer.value && answer.value.roads_version !== before.roads_version) {
        showChanges(rankChanges(before.responders, answer.value.responders))
        return
      }
    }
  }

  function showChanges(fresh: ReadonlyMap<number, RankChange>): void {
    changes.value = fresh
    window.clearTimeout(changesTimer)
    if (fresh.size > 0) changesTimer = window.setTimeout(() => (changes.value = new Map()), CHANGES_STAY_MS)
  }

  function clear(): void {
    running?.abort()
    running = null
    alertId.value = null
    showChanges(new Map())
    answer.value = null
    error.value = null
    loading.value = false
  }

  return { alertId, answer, range, radiusM, list, best, declined, changes, loading, error, load, choose, loadOnNewRoads, clear }
})
