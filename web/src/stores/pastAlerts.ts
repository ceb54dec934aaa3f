/** Closed alerts, as far back as one looks: page after page, by time and words. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { type Alert, type AlertQuery, isAbort, useApi } from '@/api'
import type { QueueFilter } from './queueFilter'

const PAGE = 50

/** The first moment of a day in Beijing, and of the day after it. */
const dayStart = (day: string) => new Date(`${day}T00:00:00+08:00`)
const dayEnd = (day: string) => new Date(dayStart(day).getTime() + 86_400_000)

/** What the server is asked for. */
export function pastQuery({ kind, level, region, words, from, to }: QueueFilter): AlertQuery {
  return {
    status: 'closed',
    limit: PAGE,
    ...(kind ? { kind } : {}),
    ...(level ? { level } : {}),
    ...(region ? { region } : {}),
    ...(words.trim() ? { q: words.trim() } : {}),
    ...(from ? { from: dayStart(from).toISOString() } : {}),
    ...(to ? { to: dayEnd(to).toISOString() } : {}),
  }
}

export const usePastAlerts = defineStore('pastAlerts', () => {
  const api = useApi()
  const items = shallowRef<Alert[]>([])
  const loading = ref(false)
  const loaded = ref(false)
  const error = shallowRef<unknown>(null)
  const next = ref<string | null>(null)
  let asked: AlertQuery = {}
  let running: AbortController | null = null

  async function ask(query: AlertQuery, before: Alert[]): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    loading.value = true
    try {
      const page = await api.alerts(query, { signal: mine.signal })
      if (running !== mine) return
      items.value = [...before, ...page.items]
      next.value = page.next
      loaded.value = true
      error.value = null
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    } finally {
      if (running === mine) loading.value = false
    }
  }

  /** Begin again with this filter. */
  async function load(filter: QueueFilter): Promise<void> {
    asked = pastQuery(filter)
    await ask(asked, [])
  }

  async function more(): Promise<void> {
    if (next.value !== null && !loading.value) await ask({ ...asked, cursor: next.value }, items.value)
  }

  return { items, loading, loaded, error, next, load, more }
})
