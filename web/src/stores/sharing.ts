/** Sharing the officer's position while on duty: asked for with a reason, as often as needed, sent when there is a network. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { type Fix, Unreachable, useApi } from '@/api'
import { locationPermission, useBattery } from '@/phone/device'
import { FixQueue } from '@/phone/fixes'
import { usePhone } from '@/phone/memory'
import { isLow, isMoving, sharingPlan } from '@/phone/sharingPlan'

/**
 * `explaining`: the page has said what it needs the position for, and waits for the person's yes before the browser
 * asks; `asking`: the browser asks.
 */
export type SharingState = 'off' | 'explaining' | 'asking' | 'sharing' | 'denied' | 'unavailable'

const STANDING_AFTER_MS = 60_000

export const useSharing = defineStore('sharing', () => {
  const phone = usePhone()
  const queue = new FixQueue(useApi(), phone.memory, phone.exclusive('onemap-fixes'))
  const battery = useBattery()
  const state = ref<SharingState>('off')
  const position = shallowRef<Fix | null>(null)
  const sentAt = ref<number | null>(null)
  /** On the phone and not yet with the server. */
  const unsent = ref(0)
  const refusedWhy = ref<string | null>(null)
  const onTask = ref(false)
  const moving = ref(false)
  const plan = computed(() => sharingPlan({ onTask: onTask.value, moving: moving.value, battery: battery.value }))
  const saving = computed(() => isLow(battery.value))
  let watching: number | undefined
  let beating: number | undefined
  let movedAt = 0
  let keptAt = -Infinity
  let sending = false
  let wanted = false

  /** On duty: share at once where it was allowed before, else explain first. */
  async function start(): Promise<void> {
    if (wanted) return
    wanted = true
    const permission = await locationPermission()
    if (!wanted) return // off duty again meanwhile
    if (permission === 'missing') state.value = 'unavailable'
    else if (permission === 'denied') state.value = 'denied'
    else if (permission === 'prompt') state.value = 'explaining'
    else locate()
  }

  /** The person said yes: now the browser may ask. */
  function locate(): void {
    if (watching !== undefined) navigator.geolocation.clearWatch(watching)
    wanted = true
    if (state.value !== 'sharing') state.value = 'asking'
    const { highAccuracy, everyMs } = plan.value
    watching = navigator.geolocation.watchPosition(onFix, onRefusal, { enableHighAccuracy: highAccuracy, maximumAge: 2_000 })
    window.clearInterval(beating)
    beating = window.setInterval(beat, everyMs)
  }

  // Another accuracy or rate: a new watch.
  watch(plan, (now, before) => {
    if (watching !== undefined && (now.everyMs !== before.everyMs || now.highAccuracy !== before.highAccuracy)) locate()
  })

  function stop(): void {
    wanted = false
    endWatch()
    state.value = 'off'
    unsent.value = 0
    void queue.clear().catch(() => undefined) // off duty nobody's position is kept, here neither
  }

  function endWatch(): void {
    if (watching !== undefined) navigator.geolocation.clearWatch(watching)
    window.clearInterval(beating)
    watching = undefined
  }

  /** Someone who stands still moves nothing, and the watch says nothing: ask, so that the position does not grow old. */
  function beat(): void {
    if (Date.now() - movedAt > STANDING_AFTER_MS) moving.value = false
    const { highAccuracy, everyMs } = plan.value
    if (Date.now() - keptAt >= everyMs) {
      const options = { enableHighAccuracy: highAccuracy, maximumAge: 0, timeout: 10_000 }
      navigator.geolocation.getCurrentPosition(onFix, () => undefined, options)
    }
    void send()
  }

  function onFix({ coords, timestamp }: GeolocationPosition): void {
    if (!wanted) return
    const fix: Fix = {
      lon: coords.longitude,
      lat: coords.latitude,
      at: new Date(timestamp).toISOString(),
      accuracy_m: coords.accuracy,
      speed_mps: coords.speed,
      heading: coords.heading,
      battery_pct: battery.value ? Math.round(battery.value.level * 100) : null,
    }
    const first = state.value !== 'sharing' || position.value === null
    if (isMoving(position.value, fix)) {
      movedAt = Date.now()
      moving.value = true
    }
    state.value = 'sharing'
    position.value = fix
    if (!first && Date.now() - keptAt < plan.value.everyMs * 0.8) return // on the map, but not worth the battery
    keptAt = Date.now()
    void keep(fix)
  }

  async function keep(fix: Fix): Promise<void> {
    await queue.add(fix)
    unsent.value = await queue.count()
    await send()
  }

  function onRefusal(error: GeolocationPositionError): void {
    if (error.code === error.PERMISSION_DENIED) {
      state.value = 'denied'
      endWatch() // a refused watch never speaks again; a new one is started by hand
    } else if (position.value === null || Date.now() - Date.parse(position.value.at) > STANDING_AFTER_MS) {
      state.value = 'unavailable' // the watch goes on and may still find us
    }
  }

  async function send(): Promise<void> {
    if (sending || !wanted) return
    sending = true
    try {
      const { accepted, why } = await queue.send()
      if (accepted > 0) sentAt.value = Date.now()
      if (accepted > 0 || why !== null) refusedWhy.value = accepted > 0 ? null : why
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
    } finally {
      sending = false
      unsent.value = await queue.count()
    }
  }

  return { state, position, sentAt, unsent, refusedWhy, onTask, moving, battery, saving, plan, start, locate, stop, send }
})
