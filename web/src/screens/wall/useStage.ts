/**
 * Which alert has the stage. A raised one keeps it until it is acknowledged or its time is over; the next waits its
 * turn, the gravest first, but not as long. Where the scene is being seen in a call, the alert stays, or comes back
 * after those who waited.
 */
import { computed, type ComputedRef, onUnmounted, ref, watch } from 'vue'
import type { Alert } from '@/api'
import { useAlerts } from '@/stores/alerts'

export const STAGE_MS = 60_000
export const STAGE_WITH_OTHERS_MS = 20_000
/** After the acknowledgement, and after each step of those who were sent. */
export const LINGER_MS = 8_000
const MOST_WAITING = 50

export interface Stage {
  alert: ComputedRef<Alert | null>
  /** How many wait for their turn. */
  waiting: ComputedRef<number>
  /** Give the stage to this one, e.g. because somebody pointed at it. */
  show: (id: number) => void
  /** Leave the stage now. */
  leave: () => void
}

/** `onRise` is told once for every batch of new alerts; `isSeen` says whether a call shows the alert's scene. */
export function useStage(onRise: () => void, isSeen: (alertId: number) => boolean = () => false): Stage {
  const alerts = useAlerts()
  const id = ref<number | null>(null)
  const queue = ref<number[]>([])
  let timer: number | undefined
  let began = 0
  /** Whose scene was being seen when its time was over. */
  let seenLast: number | null = null
  let seen: ReadonlySet<number> = new Set(alerts.risen)

  const alert = computed(() => (id.value === null ? null : (alerts.rows.get(id.value) ?? null)))
  /** Those that somebody has taken meanwhile need no stage any more. */
  const stillRaised = computed(() =>
    queue.value
      .flatMap((waiting) => alerts.rows.get(waiting) ?? [])
      .filter(({ status }) => status === 'raised')
      .sort((a, b) => a.level - b.level || a.id - b.id),
  )
  const waiting = computed(() => stillRaised.value.length)

  function put(next: number | null): void {
    window.clearTimeout(timer)
    id.value = next
    began = Date.now()
    if (next !== null) endIn(waiting.value > 0 ? STAGE_WITH_OTHERS_MS : STAGE_MS)
  }

  function endIn(ms: number): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(end, ms)
  }

  function end(): void {
    if (id.value !== null && isSeen(id.value)) seenLast = id.value
    giveOn()
  }

  function leave(): void {
    seenLast = null
    giveOn()
  }

  function giveOn(): void {
    const first = stillRaised.value[0]
    queue.value = stillRaised.value.slice(1).map(({ id }) => id)
    put(first?.id ?? (seenLast !== null && isSeen(seenLast) ? seenLast : null))
  }

  watch(
    () => alerts.risen,
    (risen) => {
      const fresh = risen.filter((one) => !seen.has(one))
      seen = new Set(risen)
      if (fresh.length === 0) return
      onRise()
      queue.value = [...queue.value, ...fresh].slice(-MOST_WAITING)
      if (id.value === null) giveOn()
      else if (alert.value?.status === 'raised' || isSeen(id.value)) endIn(Math.max(0, STAGE_WITH_OTHERS_MS - (Date.now() - began)))
    },
  )
  watch(
    () => alert.value && [alert.value.id, alert.value.status, ...alert.value.assignments.map(({ state }) => state)].join(),
    (now, before) => {
      if (id.value === null || !before || !now || alert.value?.status === 'raised') return
      if (before.split(',')[0] !== String(id.value)) return // another alert: its time has just begun
      endIn(Math.min(LINGER_MS, Math.max(0, STAGE_MS - (Date.now() - began))))
    },
  )

  function show(chosen: number): void {
    queue.value = queue.value.filter((waiting) => waiting !== chosen)
    put(chosen)
  }

  onUnmounted(() => window.clearTimeout(timer))
  return { alert, waiting, show, leave }
}
