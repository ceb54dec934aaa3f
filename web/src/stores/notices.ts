/** Short messages at the edge of the screen: what went wrong or through, in words. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export interface Notice {
  id: number
  tone: 'good' | 'bad' | 'info'
  text: string
}

const STAYS_MS = { good: 4_000, info: 6_000, bad: 12_000 }

export const useNotices = defineStore('notices', () => {
  const items = ref<Notice[]>([])
  let last = 0

  function dismiss(id: number): void {
    items.value = items.value.filter((notice) => notice.id !== id)
  }

  function say(tone: Notice['tone'], text: string): void {
    const id = ++last
    items.value = [...items.value.slice(-3), { id, tone, text }]
    window.setTimeout(() => dismiss(id), STAYS_MS[tone])
  }

  return { items, say, dismiss }
})
