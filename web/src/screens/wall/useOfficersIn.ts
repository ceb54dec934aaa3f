/** Officers on duty in one area by their state, counted at a calm pace while thousands of them move. */
import { onUnmounted, type ShallowRef, shallowRef, watch } from 'vue'
import { type OfficerCounts, useOfficers } from '@/stores/officers'

const COUNT_EVERY_MS = 500

export function useOfficersIn(region: () => string): Readonly<ShallowRef<OfficerCounts | null>> {
  const officers = useOfficers()
  const counts = shallowRef<OfficerCounts | null>(null)
  let timer: number | undefined

  function count(): void {
    timer = undefined
    if (!officers.loaded) return
    const next: OfficerCounts = { onDuty: 0, free: 0, busy: 0, stale: 0 }
    for (const { status, region: home } of officers.rows.values()) {
      if (status === 'off_duty' || !home.startsWith(region())) continue
      next.onDuty += 1
      next[status] += 1
    }
    counts.value = next
  }

  const unsubscribe = officers.subscribe(() => (timer ??= window.setTimeout(count, COUNT_EVERY_MS)))
  watch([region, () => officers.loaded], count, { immediate: true })
  onUnmounted(() => {
    unsubscribe()
    window.clearTimeout(timer)
  })
  return counts
}
