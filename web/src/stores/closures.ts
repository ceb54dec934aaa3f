/** The roads that are closed now. Maps draw them again, and rankings are asked again, when `revision` grows. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { type Closure, type NewClosure, useApi } from '@/api'

export const useClosures = defineStore('closures', () => {
  const api = useApi()
  const rows = ref(new Map<number, Closure>())
  const loaded = ref(false)
  /** Grows with every change of the roads that this page has heard of. */
  const revision = ref(0)
  /** The roads as the server last said that it drives on them. */
  let version: string | null = null

  /** Newest first. */
  const inForce = computed(() =>
    [...rows.value.values()]
      .filter(({ began_at }) => began_at !== null)
      .sort((a, b) => b.since.localeCompare(a.since) || b.id - a.id),
  )
  /** What will be closed, the next first. */
  const planned = computed(() =>
    [...rows.value.values()].filter(({ began_at }) => began_at === null).sort((a, b) => a.since.localeCompare(b.since) || a.id - b.id),
  )

  async function load(): Promise<void> {
    const fresh = new Map((await api.closures()).items.map((closure) => [closure.id, closure]))
    // After a break of the link the roads may be others than those that were drawn.
    const before = inForce.value.map(({ id }) => id).join()
    rows.value = fresh
    if (loaded.value && inForce.value.map(({ id }) => id).join() !== before) revision.value += 1
    loaded.value = true
  }

  /** Take a row from the feed or an answer: closed, planned, begun or reopened; applying one twice is harmless. */
  function apply(closure: Closure): void {
    if (closure.reopened_at === null) rows.value.set(closure.id, closure)
    else rows.value.delete(closure.id)
  }

  /** The server drives on other roads now: by a closure, the hour's speeds or an import. */
  function applyVersion(next: string): void {
    if (next === version) return
    version = next
    revision.value += 1
  }

  /** Close what was drawn; answers how many stretches of road that are. */
  async function close(closure: NewClosure): Promise<number> {
    const closed = await api.closeRoad(closure)
    apply(closed)
    applyVersion(closed.roads_version)
    return closed.stretches
  }

  async function reopen(closure: Closure): Promise<void> {
    await api.reopenRoad(closure.id)
    apply({ ...closure, reopened_at: new Date().toISOString() })
  }

  return { rows, loaded, revision, inForce, planned, load, apply, applyVersion, close, reopen }
})
