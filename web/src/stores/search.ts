/** One box for enterprises, people, places and coordinates. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { type Found, isAbort, useApi } from '@/api'

/** Not a question for every key. */
const PAUSE_MS = 180

export const useSearch = defineStore('search', () => {
  const api = useApi()
  const found = shallowRef<Found[]>([])
  /** The words that `found` answers. */
  const answered = ref('')
  const loading = ref(false)
  const error = shallowRef<unknown>(null)
  let running: AbortController | null = null
  let timer: number | undefined

  function clear(): void {
    window.clearTimeout(timer)
    running?.abort()
    running = null
    found.value = []
    answered.value = ''
    loading.value = false
    error.value = null
  }

  /** Look for these words once nobody types any more. */
  function look(words: string): void {
    const wanted = words.trim()
    window.clearTimeout(timer)
    if (!wanted) return clear()
    loading.value = true
    timer = window.setTimeout(() => void ask(wanted), PAUSE_MS)
  }

  async function ask(words: string): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    try {
      const { items } = await api.search(words, { signal: mine.signal })
      if (running !== mine) return
      found.value = items
      answered.value = words
      error.value = null
    } catch (problem) {
      if (running === mine && !isAbort(problem)) {
        found.value = []
        error.value = problem
      }
    } finally {
      if (running === mine) loading.value = false
    }
  }

  return { found, answered, loading, error, look, clear }
})
