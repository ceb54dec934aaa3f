/** Who can reach the alert that is open on the desk, in the order of the server. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { isAbort, type Responder, type Responders, useApi } from '@/api'

export const RADIUS_M = 3000

export const useResponders = defineStore('responders', () => {
  const api = useApi()
  const alertId = ref<number | null>(null)
  const answer = shallowRef<Responders | null>(null)
  const loading = ref(false)
  const error = shallowRef<unknown>(null)
  let running: AbortController | null = null

  const list = computed<Responder[]>(() => answer.value?.responders ?? [])
  const best = computed<Responder | null>(
    () => list.value.find(({ officer_id }) => officer_id === answer.value?.recommended) ?? null,
  )

  /** Rank for this alert; a question still under way for another one is given up. */
  async function load(id: number): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    if (alertId.value !== id) answer.value = null
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

  function clear(): void {
    running?.abort()
    running = null
    alertId.value = null
    answer.value = null
    error.value = null
    loading.value = false
  }

  return { alertId, answer, list, best, loading, error, load, clear }
})
