/** The roads that are closed now. Maps draw them again, and rankings are asked again, when `revision` grows. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { type Closure, type NewClosure, useApi } from '@/api'

/** The server looks once a minute for closures whose time is up. */
const SERVER_LOOKS_EVERY_MS = 60_000
/** The longest that a browser's timer can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const useClosures = defineStore('closures', () => {
  const api = useApi()
  const rows = ref(new Map<number, Closure>())
  const loaded = ref(false)
  /** Grows with every change of the roads that this page has heard of. */
  const revision = ref(0)
  let expiryTimer: number | undefined

  /** Newest first. */
  const inForce = computed(() => [...rows.value.values()].sort((a, b) => b.closed_at.localeCompare(a.closed_at) || b.id - a.id))

  async function load(): Promise<void> {
    const fresh = new Map((await api.closures()).items.map((closure) => [closure.id, closure]))
    // After a break of the link the roads may be others than those that were drawn.
    const changed = loaded.value && (fresh.size !== rows.value.size || [...fresh.keys()].some((id) => !rows.value.has(id)))
    rows.value = fresh
    loaded.value = true
    if (changed) revision.value += 1
    waitForExpiry()
  }

  /** Take a row from the feed or an answer; applying one twice is harmless. */
  function apply(closure: Closure): void {
    const isClosed = closure.reopened_at === null
    // A page that never asked for the list cannot know that a reopened road is old news.
    if (isClosed === rows.value.has(closure.id) && (isClosed || loaded.value)) return
    if (isClosed) rows.value.set(closure.id, closure)
    else rows.value.delete(closure.id)
    revision.value += 1
    waitForExpiry()
  }

  /** Forget what ends by itself: nothing is announced then, and the server drives there again a minute later at most. */
  function waitForExpiry(): void {
    window.clearTimeout(expiryTimer)
    const ends = [...rows.value.values()].flatMap(({ until }) => (until === null ? [] : Date.parse(until)))
    if (ends.length === 0) return
    const wait = Math.min(...ends) + SERVER_LOOKS_EVERY_MS - Date.now()
    expiryTimer = window.setTimeout(expire, Math.min(Math.max(0, wait), LONGEST_TIMER_MS))
  }

  function expire(): void {
    const limit = Date.now() - SERVER_LOOKS_EVERY_MS
    const over = [...rows.value.values()].filter(({ until }) => until !== null && Date.parse(until) <= limit)
    for (const { id } of over) rows.value.delete(id)
    if (over.length > 0) revision.value += 1
    waitForExpiry()
  }

  /** Close what was drawn; answers how many stretches of road that are. */
  async function close(closure: NewClosure): Promise<number> {
    const closed = await api.closeRoad(closure)
    apply(closed)
    return closed.stretches
  }

  async function reopen(closure: Closure): Promise<void> {
    await api.reopenRoad(closure.id)
    apply({ ...closure, reopened_at: new Date().toISOString() })
  }

  return { rows, loaded, revision, inForce, load, apply, close, reopen }
})
