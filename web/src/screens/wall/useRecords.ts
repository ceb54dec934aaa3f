/** Pages of the lists behind a number, one at a time, forwards and back; a list may continue in the next one. */
import { computed, type ComputedRef, onUnmounted, ref, type ShallowRef, shallowRef } from 'vue'
import { type Api, isAbort, type RecordPage, useApi } from '@/api'

export const ROWS_PER_PAGE = 50

/** Where a page begins: in which list, and after what. */
interface Start {
  list: number
  cursor?: string
}

export interface Records {
  page: Readonly<ShallowRef<RecordPage | null>>
  /** Page number, from 1. */
  number: ComputedRef<number>
  loading: Readonly<ShallowRef<boolean>>
  error: Readonly<ShallowRef<unknown>>
  hasNext: ComputedRef<boolean>
  next: () => Promise<void>
  back: () => Promise<void>
  retry: () => Promise<void>
}

export function useRecords(hrefs: readonly string[], api: Api = useApi()): Records {
  const page = shallowRef<RecordPage | null>(null)
  const error = shallowRef<unknown>(null)
  const loading = shallowRef(false)
  const starts = ref<Start[]>([{ list: 0 }])
  let running: AbortController | null = null

  const here = computed(() => starts.value.at(-1)!)
  const following = computed<Start | null>(() => {
    if (!page.value) return null
    if (page.value.next) return { list: here.value.list, cursor: page.value.next }
    return here.value.list + 1 < hrefs.length ? { list: here.value.list + 1 } : null
  })

  async function load(): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    loading.value = true
    try {
      const { list, cursor } = here.value
      const answer = await api.records(hrefs[list]!, { limit: ROWS_PER_PAGE, ...(cursor ? { cursor } : {}) }, { signal: mine.signal })
      if (running !== mine) return
      page.value = answer
      error.value = null
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    } finally {
      if (running === mine) loading.value = false
    }
  }

  async function next(): Promise<void> {
    if (!following.value || loading.value) return
    starts.value = [...starts.value, following.value]
    await load()
  }

  async function back(): Promise<void> {
    if (starts.value.length === 1 || loading.value) return
    starts.value = starts.value.slice(0, -1)
    await load()
  }

  onUnmounted(() => running?.abort())
  void load()
  return {
    page, error, loading, next, back, retry: load,
    number: computed(() => starts.value.length),
    hasNext: computed(() => following.value !== null),
  }
}
