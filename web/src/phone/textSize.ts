/** Normal or large letters on this device's phone page; everything there is in rem. */
import { onScopeDispose, ref, watch } from 'vue'

export const TEXT_SIZES = ['normal', 'large'] as const
export type TextSize = (typeof TEXT_SIZES)[number]

const CHOICE = 'onemap.textSize'
const size = ref<TextSize>(TEXT_SIZES.find((known) => known === localStorage.getItem(CHOICE)) ?? 'normal')

/** Keep the choice on this device. */
function setTextSize(next: TextSize): void {
  size.value = next
  localStorage.setItem(CHOICE, next)
}

/** While the calling page is open, the root carries the size to the styles. */
export function useTextSize() {
  watch(size, (now) => (document.documentElement.dataset.text = now), { immediate: true })
  onScopeDispose(() => delete document.documentElement.dataset.text)
  return size
}

export { setTextSize, size as textSize }
