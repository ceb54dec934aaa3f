/** Those who were sent and when they will be there: asked again every few seconds, as long as somebody is on the way. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { type Arrival, isAbort, useApi } from '@/api'
import { isUnderWay, useAlerts } from './alerts'

export const ASK_EVERY_MS = 5_000

export const useUnderWay = defineStore('underWay', () => {
  const api = useApi()
  const alerts = useAlerts()
  const items = shallowRef<Arrival[]>([])
  const error = shallowRef<unknown>(null)
  /** When the last answer came (milliseconds). */
  const answeredAt = ref<number | null>(null)
  let running: AbortController | null = null
  let timer: number | undefined

  const byAssignment = computed(() => new Map(items.value.map((one) => [one.assignment_id, one])))
  const expected = computed(() => alerts.open.some(({ assignments }) => assignments.some(isUnderWay)))

  async function load(): Promise<void> {
    running?.abort()
    if (!expected.value) {
      items.value = []
      return
    }
    const mine = new AbortController()
    running = mine
    try {
      const answer = await api.underWay({ signal: mine.signal })
      if (running !== mine) return
      items.value = answer.items
      answeredAt.value = Date.now()
      error.value = null
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    }
  }

  /** Ask again and again until the returned function is called. */
  function follow(): () => void {
    timer = window.setInterval(() => {
      if (document.visibilityState === 'visible') void load()
    }, ASK_EVERY_MS)
    void load()
    return () => {
      window.clearInterval(timer)
      running?.abort()
    }
  }

  return { items, byAssignment, expected, error, answeredAt, load, follow }
})

/** Seconds until somebody is there, counted on from the answer; null when nobody can say. */
export function remainingS({ arrives_at }: Pick<Arrival, 'arrives_at'>, now: number): number | null {
  return arrives_at === null ? null : Math.max(0, (Date.parse(arrives_at) - now) / 1000)
}
