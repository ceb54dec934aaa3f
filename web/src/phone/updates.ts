/** Installs the service worker, and takes a new version of the product at a safe moment. */
import { onScopeDispose, ref, type Ref, watch } from 'vue'
import { Workbox } from 'workbox-window'

const LOOK_EVERY_MS = 3_600_000

/** The part of the service worker's page side that this needs; tests pass a fake. */
export interface WorkerLink {
  register(): Promise<unknown>
  update(): Promise<void>
  /** A new version is there and waits. */
  onWaiting(run: () => void): void
  /** Another version than the one that the page was made by has taken over, from this tab or another. */
  onReplaced(run: () => void): void
  takeOver(): void
}

/** Null where the browser has no service workers: the page is not served securely. */
export function workerLink(): WorkerLink | null {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return null
  const workbox = new Workbox('/sw.js', { scope: '/field' })
  return {
    register: () => workbox.register(),
    update: () => workbox.update(),
    onWaiting: (run) => workbox.addEventListener('waiting', run),
    onReplaced: (run) => workbox.addEventListener('controlling', ({ isUpdate }) => isUpdate && run()),
    takeOver: () => workbox.messageSkipWaiting(),
  }
}

/**
 * `safe`: nothing would be disturbed by a reload. Returns whether a new version waits for that.
 *
 * A page whose version was replaced in another tab reloads at its own safe moment.
 */
export function useUpdates(safe: Ref<boolean>, link = workerLink(), reload = () => location.reload()): Ref<boolean> {
  const waiting = ref(false)
  const replaced = ref(false)
  if (link === null) return waiting
  link.onWaiting(() => (waiting.value = true))
  link.onReplaced(() => (replaced.value = true))
  watch([waiting, replaced, safe], () => {
    if (!safe.value) return
    if (replaced.value) reload()
    else if (waiting.value) link.takeOver()
  })
  const look = () => void link.update().catch(() => undefined)
  const seen = () => document.visibilityState === 'visible' && look()
  const timer = window.setInterval(look, LOOK_EVERY_MS)
  document.addEventListener('visibilitychange', seen)
  void link.register().catch((error: unknown) => console.debug('service worker:', error))
  onScopeDispose(() => {
    window.clearInterval(timer)
    document.removeEventListener('visibilitychange', seen)
  })
  return waiting
}
