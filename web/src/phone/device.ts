/** What the phone itself offers: battery, wake lock, permissions. Each may be missing, and says so. */
import { onScopeDispose, ref, type Ref, watch, type WatchSource } from 'vue'
import type { Battery } from './sharingPlan'

interface BatteryManager extends EventTarget, Battery {}

/** Kept up to date; null where the browser does not say. */
export function useBattery(browser: Navigator = navigator): Ref<Battery | null> {
  const battery = ref<Battery | null>(null)
  const ask = (browser as { getBattery?: () => Promise<BatteryManager> }).getBattery
  let ended = false
  void ask?.call(browser).then(
    (manager) => {
      const read = () => (battery.value = { level: manager.level, charging: manager.charging })
      if (ended) return
      read()
      for (const event of ['levelchange', 'chargingchange']) manager.addEventListener(event, read)
      onEnd = () => {
        for (const event of ['levelchange', 'chargingchange']) manager.removeEventListener(event, read)
      }
    },
    () => undefined, // forbidden by policy: as good as missing
  )
  let onEnd = () => {}
  onScopeDispose(() => {
    ended = true
    onEnd()
  })
  return battery
}

/** Keep the screen on while `wanted`; the browser lets go whenever the page is hidden, so ask again when it is seen. */
export function useWakeLock(wanted: WatchSource<boolean>, browser: Navigator = navigator): Ref<boolean> {
  const held = ref(false)
  let want = false
  let lock: WakeLockSentinel | null = null

  async function settle(): Promise<void> {
    if (!want) {
      await lock?.release().catch(() => undefined)
      lock = null
    } else if (document.visibilityState === 'visible' && (lock === null || lock.released)) {
      lock = (await browser.wakeLock?.request('screen').catch(() => null)) ?? null // refused at low battery
      lock?.addEventListener('release', () => (held.value = false))
      if (!want) return settle()
    }
    held.value = lock !== null && !lock.released
  }

  const seen = () => void settle()
  document.addEventListener('visibilitychange', seen)
  watch(wanted, (now) => ((want = now), void settle()), { immediate: true })
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', seen)
    want = false
    void settle()
  })
  return held
}

export type Permission = 'granted' | 'denied' | 'prompt' | 'missing'

/** Whether the page may ask, must not, or need not; browsers that cannot tell are taken to ask. */
export async function locationPermission(browser: Navigator = navigator): Promise<Permission> {
  if (!('geolocation' in browser)) return 'missing'
  try {
    return (await browser.permissions.query({ name: 'geolocation' })).state
  } catch {
    return 'prompt'
  }
}

export function notificationPermission(): Permission {
  if (!('Notification' in window) || !('serviceWorker' in navigator)) return 'missing'
  return Notification.permission === 'default' ? 'prompt' : Notification.permission
}
