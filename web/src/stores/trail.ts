/** Where one officer has been in the last half hour; grows with what the feed says of them. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { isAbort, useApi } from '@/api'
import { useOfficers } from './officers'

export const TRAIL_MS = 30 * 60_000

export interface TrailPoint {
  lon: number
  lat: number
  /** Milliseconds. */
  at: number
}

export const useTrail = defineStore('trail', () => {
  const api = useApi()
  const officers = useOfficers()
  const officerId = shallowRef<number | null>(null)
  const points = shallowRef<readonly TrailPoint[]>([])
  let asking: AbortController | null = null
  let unsubscribe = () => {}

  /** Show the way of an officer, or of nobody. */
  async function follow(id: number | null): Promise<void> {
    asking?.abort()
    unsubscribe()
    officerId.value = id
    points.value = []
    if (id === null) return
    asking = new AbortController()
    unsubscribe = officers.subscribe((changed, gone) => {
      if (gone.includes(id)) void follow(null)
      else if (changed === null || changed.includes(id)) extend(id)
    })
    const now = Date.now()
    try {
      const track = await api.track(id, new Date(now - TRAIL_MS).toISOString(), new Date(now + 60_000).toISOString(), { signal: asking.signal })
      // A fix that was kept out as a jump is in the record, but nobody drove there.
      const found = track.items.filter(({ suspect }) => suspect === null).map(({ lon, lat, at }) => ({ lon, lat, at: Date.parse(at) }))
      const last = found.at(-1)?.at ?? 0
      points.value = [...found, ...points.value.filter(({ at }) => at > last)]
    } catch (error) {
      if (!isAbort(error)) throw error
    }
  }

  function extend(id: number): void {
    const officer = officers.rows.get(id)
    if (!officer || officer.lon === null || officer.lat === null || officer.at === null) return
    const at = Date.parse(officer.at)
    if (at <= (points.value.at(-1)?.at ?? 0)) return
    points.value = [...points.value.filter((one) => one.at > at - TRAIL_MS), { lon: officer.lon, lat: officer.lat, at }]
  }

  return { officerId, points, follow }
})
