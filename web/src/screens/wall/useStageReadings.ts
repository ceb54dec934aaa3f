/** Readings of the factor that raised an alert, over the hours before it and up to now. */
import { onUnmounted, type ShallowRef, shallowRef, watch } from 'vue'
import { type Alert, isAbort, type Readings, useApi } from '@/api'

const BEFORE_MS = 2 * 3_600_000

export function useStageReadings(alert: () => Alert): Readonly<ShallowRef<Readings | null>> {
  const api = useApi()
  const readings = shallowRef<Readings | null>(null)
  let running: AbortController | null = null

  async function ask(): Promise<void> {
    running?.abort()
    const mine = (running = new AbortController())
    const { point_id, factor, period, raised_at } = alert()
    if (point_id === null || factor === null) return
    const query = {
      factor,
      from: new Date(Date.parse(raised_at) - BEFORE_MS).toISOString(),
      to: new Date().toISOString(),
      ...(period ? { period } : {}),
    }
    try {
      const answer = await api.readings(point_id, query, { signal: mine.signal })
      if (running === mine) readings.value = answer
    } catch (problem) {
      if (!isAbort(problem) && running === mine) readings.value = null // the card says the value that was judged all the same
    }
  }

  watch(() => `${alert().id} ${alert().reading_at}`, ask, { immediate: true })
  onUnmounted(() => {
    running?.abort()
    running = null
  })
  return readings
}
