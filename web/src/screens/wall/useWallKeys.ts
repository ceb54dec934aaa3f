/** The wall by keyboard or remote control: one key, one action; a key on a button stays the button's. */
import { onBeforeUnmount, onMounted } from 'vue'
import { isDialogOpen } from '@/ui/dialog'

export type KeyAction =
  | 'forward' | 'back' | 'pause' | 'period' | 'up' | 'mute' | 'theme' | 'language' | 'full' | 'help' | 'leave'
  | { topic: number }

const ACTIONS: Record<string, KeyAction> = {
  ArrowRight: 'forward', ArrowLeft: 'back', ' ': 'pause', p: 'period', ArrowUp: 'up', m: 'mute', t: 'theme', l: 'language',
  f: 'full', '?': 'help', Escape: 'leave', 1: { topic: 0 }, 2: { topic: 1 }, 3: { topic: 2 }, 4: { topic: 3 },
}

export function actionOf({ key, ctrlKey, metaKey, altKey, target }: KeyboardEvent): KeyAction | null {
  if (ctrlKey || metaKey || altKey) return null // the browser's own
  if (key === ' ' && target instanceof HTMLButtonElement && target.matches(':focus-visible')) return null
  return ACTIONS[key.length === 1 ? key.toLowerCase() : key] ?? null
}

export function useWallKeys(act: (action: KeyAction) => void): void {
  function onKey(event: KeyboardEvent): void {
    if (isDialogOpen()) return
    const action = actionOf(event)
    if (action === null) return
    event.preventDefault()
    act(action)
  }
  onMounted(() => window.addEventListener('keydown', onKey))
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey))
}
