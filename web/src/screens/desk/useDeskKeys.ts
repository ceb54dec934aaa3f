/** The keys of the desk. A key that a dialog, a text box or a drawing tool uses is theirs. */
import { onMounted, onUnmounted } from 'vue'
import { isDialogOpen } from '@/ui/dialog'

/** By `event.key`, letters in lower case. Answering false leaves the key to the browser. */
export type Keys = Record<string, (event: KeyboardEvent) => boolean | void>

export function useDeskKeys(keys: Keys): void {
  function onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement
    if (event.ctrlKey || event.metaKey || event.altKey || isDialogOpen()) return
    if (target.closest('input, textarea, select') && event.key !== 'Escape') return
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (act && act(event) !== false) event.preventDefault()
  }
  onMounted(() => window.addEventListener('keydown', onKey))
  onUnmounted(() => window.removeEventListener('keydown', onKey))
}

/** Enter and Space on a button are the button's own. */
export const isOnControl = ({ target }: KeyboardEvent) => (target as HTMLElement).closest('button, a, [role="tab"]') !== null
