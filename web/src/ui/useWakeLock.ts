/** Keeps the screen on while a page is open, where the browser can; it lets go by itself when the page is hidden. */
import { onBeforeUnmount, onMounted } from 'vue'

export function useWakeLock(): void {
  let lock: WakeLockSentinel | null = null
  let gone = false

  async function ask(): Promise<void> {
    if (document.visibilityState !== 'visible' || !navigator.wakeLock) return
    try {
      const granted = await navigator.wakeLock.request('screen')
      if (gone) void granted.release()
      else lock = granted
    } catch {
      // A battery that runs low, or a policy: the wall works, and the device's own setting decides.
    }
  }

  onMounted(() => {
    void ask()
    document.addEventListener('visibilitychange', ask)
  })
  onBeforeUnmount(() => {
    gone = true
    document.removeEventListener('visibilitychange', ask)
    void lock?.release()
  })
}
