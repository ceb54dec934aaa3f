/** The officer's own phone: duty, position, and the assignment in hand. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ApiProblem, type Assignment, type AssignmentStep, type Duty, type Fix, type Officer, Unreachable, useApi } from '@/api'
import { isUnderWay } from './alerts'
import { useSession } from './session'

export type SharingState = 'off' | 'asking' | 'sharing' | 'denied' | 'unavailable'

const SEND_EVERY_MS = 5_000
/** Someone who stands still moves nothing, and the watch says nothing: ask, so that the position does not grow old. */
const ASK_AFTER_MS = 30_000
/** About 40 minutes at one fix each 5 s; older ones help nobody. */
const KEEP_FIXES = 500

export const useField = defineStore('field', () => {
  const api = useApi()
  const session = useSession()
  const me = ref<Officer | null>(null)
  const assignments = ref<Assignment[]>([])
  const loaded = ref(false)
  const sharing = ref<SharingState>('off')
  const position = ref<Fix | null>(null)
  const sentAt = ref<number | null>(null)
  let unsent: Fix[] = []
  let watch: number | undefined
  let sendTimer: number | undefined

  const officerId = computed(() => session.user?.officer_id ?? null)
  const onDuty = computed(() => me.value?.on_duty ?? false)
  const current = computed(() => assignments.value.find(isUnderWay) ?? null)

  function need(): number {
    if (officerId.value === null) throw new Error('This account belongs to no officer.')
    return officerId.value
  }

  async function load(): Promise<void> {
    const id = need()
    const [officer, mine] = await Promise.all([api.officer(id), api.assignments({ officer: id, limit: 50 })])
    me.value = officer
    assignments.value = mine.items
    loaded.value = true
    shareWhileOnDuty()
  }

  function apply(assignment: Assignment): void {
    if (assignment.officer_id !== officerId.value) return
    const known = assignments.value.find(({ id }) => id === assignment.id)
    if (known && known.version > assignment.version) return
    assignments.value = [assignment, ...assignments.value.filter(({ id }) => id !== assignment.id)]
  }

  async function setDuty(on: boolean, until: string | null): Promise<void> {
    applyDuty(await api.duty(need(), on, until))
  }

  /** Duty also ends by itself, or by the desk: the position stops being shared then. */
  function applyDuty(duty: Duty): void {
    if (me.value === null || duty.id !== me.value.id || duty.version < me.value.version) return
    me.value = { ...me.value, ...duty }
    shareWhileOnDuty()
  }

  function shareWhileOnDuty(): void {
    if (!onDuty.value) stopSharing()
    else if (sharing.value === 'off') startSharing()
  }

  async function step(assignment: Assignment, name: AssignmentStep, extra: { reason?: string } = {}): Promise<void> {
    apply(await api.step(assignment.id, name, { version: assignment.version, ...extra }))
  }

  function startSharing(): void {
    if (watch !== undefined) return
    if (!('geolocation' in navigator)) {
      sharing.value = 'unavailable'
      return
    }
    sharing.value = 'asking'
    watch = navigator.geolocation.watchPosition(onFix, onRefusal, { enableHighAccuracy: true, maximumAge: 2_000 })
    sendTimer = window.setInterval(beat, SEND_EVERY_MS)
  }

  function stopSharing(): void {
    if (watch !== undefined) navigator.geolocation.clearWatch(watch)
    window.clearInterval(sendTimer)
    watch = undefined
    unsent = []
    sharing.value = 'off'
  }

  function beat(): void {
    if (position.value && Date.now() - Date.parse(position.value.at) > ASK_AFTER_MS) {
      navigator.geolocation.getCurrentPosition(onFix, () => undefined, { enableHighAccuracy: true, maximumAge: 0, timeout: 10_000 })
    }
    void send()
  }

  function onFix({ coords, timestamp }: GeolocationPosition): void {
    const first = position.value === null || sharing.value !== 'sharing'
    const fix: Fix = {
      lon: coords.longitude,
      lat: coords.latitude,
      at: new Date(timestamp).toISOString(),
      accuracy_m: coords.accuracy,
      speed_mps: coords.speed,
      heading: coords.heading,
    }
    sharing.value = 'sharing'
    position.value = fix
    unsent = [...unsent.slice(1 - KEEP_FIXES), fix]
    if (first) void send()
  }

  function onRefusal(error: GeolocationPositionError): void {
    sharing.value = error.code === error.PERMISSION_DENIED ? 'denied' : 'unavailable'
    if (error.code === error.PERMISSION_DENIED && watch !== undefined) {
      navigator.geolocation.clearWatch(watch) // a refused watch never speaks again; a new one is started by hand
      window.clearInterval(sendTimer)
      watch = undefined
    }
  }

  async function send(): Promise<void> {
    if (unsent.length === 0) return
    const batch = unsent
    unsent = []
    try {
      await api.sendFixes(batch)
      sentAt.value = Date.now()
    } catch (error) {
      if (error instanceof Unreachable) {
        unsent = [...batch, ...unsent].slice(-KEEP_FIXES)
      } else if (!(error instanceof ApiProblem)) {
        throw error
      }
      // A refused batch is dropped: the server has said that it will never want it.
    }
  }

  return {
    me, assignments, loaded, sharing, position, sentAt, officerId, onDuty, current,
    load, apply, applyDuty, setDuty, step, startSharing, stopSharing,
  }
})
