/**
 * The sound of the wall. A browser is silent until somebody has touched the page: until then the choice waits.
 *
 * The choice is remembered on this device; a wall that starts again after a power cut sounds after one touch.
 */
import { onBeforeUnmount, onMounted, ref } from 'vue'
import { allowSound, chimeOnce } from './ring'

const CHOICE = 'onemap.wallSound'

export function useAlarm(sound: { allow: () => void; play: () => void } = { allow: allowSound, play: chimeOnce }) {
  const on = ref(localStorage.getItem(CHOICE) === 'on')
  /** Whether the page has been touched since it was opened. */
  const allowed = ref(false)

  function touched(): void {
    if (allowed.value || !on.value) return
    sound.allow()
    allowed.value = true
  }

  /** To be called by a click: it is the touch that the browser waits for. */
  function toggle(): void {
    if (on.value && !allowed.value) return touched() // it was only waiting for this
    on.value = !on.value
    localStorage.setItem(CHOICE, on.value ? 'on' : 'off')
    if (!on.value) return
    touched()
    sound.play() // so that people know what to listen for
  }

  function play(): void {
    if (on.value && allowed.value) sound.play()
  }

  onMounted(() => {
    window.addEventListener('pointerdown', touched)
    window.addEventListener('keydown', touched)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('pointerdown', touched)
    window.removeEventListener('keydown', touched)
  })

  return { on, allowed, toggle, play }
}
