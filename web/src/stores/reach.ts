/** Who can reach a place that somebody pointed at, without raising an alert. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { isAbort, type Reach, useApi } from '@/api'
import { RADIUS_M } from './responders'

const MOST = 30

export const useReach = defineStore('reach', () => {
  const api = useApi()
  const place = shallowRef<{ lon: number; lat: number } | null>(null)
  const answer = shallowRef<Reach | null>(null)
  const radiusM = ref(RADIUS_M)
  const error = shallowRef<unknown>(null)
  let running: AbortController | null = null

  async function ask(at: { lon: number; lat: number }, radius = RADIUS_M): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    place.value = at
    radiusM.value = radius
    answer.value = null
    error.value = null
    try {
      const reached = await api.reach([at.lon, at.lat], { radius_m: radius, limit: MOST }, { signal: mine.signal })
      if (running === mine) answer.value = reached
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    }
  }

  function clear(): void {
    running?.abort()
    running = null
    place.value = null
    answer.value = null
    error.value = null
  }

  return { place, answer, radiusM, error, ask, clear }
})
