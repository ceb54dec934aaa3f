/** Who could be at the alert on the stage first, for those who may see the ranking; asked again while nobody is sent. */
import { onUnmounted, type ShallowRef, shallowRef, watch } from 'vue'
import { type Alert, type Responder, useApi } from '@/api'
import { isOpen, isUnderWay } from '@/stores/alerts'
import { RADIUS_M } from '@/stores/responders'
import { useSession } from '@/stores/session'

const AGAIN_MS = 15_000

export function useFirstResponder(alert: () => Alert | null): Readonly<ShallowRef<Responder | null>> {
  const api = useApi()
  const session = useSession()
  const first = shallowRef<Responder | null>(null)
  let timer: number | undefined
  let running: AbortController | null = null

  /** The alert that still waits for somebody. */
  function waiting(): Alert | null {
    const asked = alert()
    return asked && session.mayRank && isOpen(asked) && !asked.assignments.some(isUnderWay) ? asked : null
  }

  function stop(): void {
    window.clearTimeout(timer)
    running?.abort()
    running = null
  }

  async function ask(): Promise<void> {
    stop()
    const asked = waiting()
    if (!asked) {
      first.value = null // who is on the way matters now
      return
    }
    const mine = (running = new AbortController())
    try {
      const { responders, recommended } = await api.responders(asked.id, { radius_m: RADIUS_M, limit: 10 }, { signal: mine.signal })
      if (running === mine) first.value = responders.find(({ officer_id }) => officer_id === recommended) ?? null
    } catch {
      if (running === mine) first.value = null // rather nobody than somebody of before
    }
    if (running === mine) timer = window.setTimeout(ask, AGAIN_MS)
  }

  watch(() => waiting()?.id ?? null, ask, { immediate: true })
  onUnmounted(stop)
  return first
}
