/** Who can reach the alert that is open on the desk, in the order of the server. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { isAbort, type Responder, type Responders, useApi } from '@/api'
import { type RankChange, rankChanges } from './rankChanges'

export const RADIUS_M = 3000

/** The feed may be quicker than the roads of the worker that answers: ask until the roads are others than before. */
const ASK_AFTER_MS = [0, 300, 700, 1_500, 3_000]
/** So long the list says what a closure has changed. */
const CHANGES_STAY_MS = 90_000

const passed = (ms: number) => new Promise<void>((resolve) => window.setTimeout(resolve, ms))

export const useResponders = defineStore('responders', () => {
  const api = useApi()
  const alertId = ref<number | null>(null)
  const answer = shallowRef<Responders | null>(null)
  const loading = ref(false)
  const error = shallowRef<unknown>(null)
  /** What the last change of the roads did to this ranking, by officer. */
  const changes = shallowRef<ReadonlyMap<number, RankChange>>(new Map())
  let running: AbortController | null = null
  let roadRound = 0
  let changesTimer: number | undefined

  const list = computed<Responder[]>(() => answer.value?.responders ?? [])
  const best = computed<Responder | null>(
    () => list.value.find(({ officer_id }) => officer_id === answer.value?.recommended) ?? null,
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
    try {
      const fresh = await api.responders(id, { radius_m: RADIUS_M, limit: 50 }, { signal: mine.signal })
      if (running !== mine) return
      answer.value = fresh
      error.value = null
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    } finally {
      if (running === mine) loading.value = false
    }
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

  return { alertId, answer, list, best, changes, loading, error, load, loadOnNewRoads, clear }
})
