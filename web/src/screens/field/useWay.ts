/** The way to the place of the assignment: asked anew as the officer moves, followed on the phone in between. */
import { computed, onScopeDispose, ref, watch } from 'vue'
import { isAbort, useApi } from '@/api'
import { progressOn } from '@/phone/progress'
import { metresBetween } from '@/phone/sharingPlan'
import { useField } from '@/stores/field'
import { useSharing } from '@/stores/sharing'

const ASK_AFTER_MS = 60_000
const AGAIN_AFTER_MS = 15_000
const ASK_AFTER_M = 150
const BESIDE_M = 60

export function useWay() {
  const api = useApi()
  const field = useField()
  const sharing = useSharing()
  /** The server was asked in vain: what is shown was computed earlier. */
  const failed = ref(false)
  let asked: { assignmentId: number; at: number; place: readonly [number, number] } | null = null
  let asking: AbortController | null = null

  const wanted = computed(() => {
    const task = field.current
    return task !== null && ['offered', 'accepted', 'departed'].includes(task.state) ? task : null
  })
  const here = computed(() => (sharing.position ? ([sharing.position.lon, sharing.position.lat] as const) : null))
  const route = computed(() => (wanted.value ? field.currentRoute : null))
  const progress = computed(() => (route.value && here.value ? progressOn(route.value, here.value) : null))

  /** Another task, off the route, or enough way or time since the last answer. */
  function due(): boolean {
    if (!wanted.value || !here.value) return false
    if (asked?.assignmentId !== wanted.value.id) return true
    if (route.value === null) return Date.now() - asked.at > AGAIN_AFTER_MS
    const beside = (progress.value?.offRoute ?? 0) > BESIDE_M + (sharing.position?.accuracy_m ?? 0)
    const moved = metresBetween(asked.place, here.value)
    return (beside && moved > BESIDE_M) || moved > ASK_AFTER_M || (moved > 20 && Date.now() - asked.at > ASK_AFTER_MS)
  }

  async function ask(): Promise<void> {
    const task = wanted.value
    const from = here.value
    if (!task || !from || !due()) return
    asked = { assignmentId: task.id, at: Date.now(), place: from }
    asking?.abort()
    asking = new AbortController()
    try {
      const found = await api.route([...from], [task.alert.lon, task.alert.lat], { signal: asking.signal })
      failed.value = false
      if (wanted.value?.id === task.id) field.setRoute(task.id, found)
    } catch (error) {
      if (isAbort(error)) return
      failed.value = true // the last way and the place itself stay on the map
    }
  }

  watch([() => wanted.value?.id, here], () => void ask(), { immediate: true })
  const online = () => {
    asked = null
    void ask()
  }
  window.addEventListener('online', online)
  onScopeDispose(() => {
    window.removeEventListener('online', online)
    asking?.abort()
  })
  return { route, progress, failed }
}
