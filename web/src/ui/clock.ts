/** The present moment, for ages and countdowns; all readers share one tick. */
import { onMounted, onUnmounted, type Ref, ref } from 'vue'

const now = ref(Date.now())
let readers = 0
let timer: number | undefined

export function useNow(): Readonly<Ref<number>> {
  onMounted(() => {
    now.value = Date.now()
    if (readers++ === 0) timer = window.setInterval(() => (now.value = Date.now()), 1000)
  })
  onUnmounted(() => {
    if (--readers === 0) window.clearInterval(timer)
  })
  return now
}
