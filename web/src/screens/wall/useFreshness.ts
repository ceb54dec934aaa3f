/** Of when the data of each panel are, and whether they have stopped. What has stopped stays, dimmed, and never turns zero. */
import { computed, type ComputedRef } from 'vue'
import type { SourceId } from '@/api'
import type { Answer } from '@/stores/answers'
import { useLive } from '@/stores/live'
import { prefixOf } from '@/stores/regions'
import { useSources } from '@/stores/sources'

export interface Freshness {
  /** Time of the data, and of the last word once they have stopped (milliseconds); null while there are none. */
  at: number | null
  stopped: boolean
  /** Prefixes of areas inside the one that is shown from which nothing comes while it goes on elsewhere. */
  silent: string[]
}

/**
 * Of what arrives from `source` for the area `region`. `answer` is what was asked for besides, with the time that it
 * says of its own data; without one the data are as old as the newest arrival.
 */
export function useFreshness(
  source: SourceId | null,
  region: () => string,
  answer: () => { at: number | null; failed: boolean } = () => ({ at: null, failed: false }),
): ComputedRef<Freshness> {
  const live = useLive()
  const sources = useSources()
  return computed(() => {
    const { at, failed } = answer()
    const found = source === null ? null : sources.freshness(source)
    const codes = source === null ? [] : (sources.items?.get(source)?.stopped_in ?? []).map(prefixOf)
    const lost = live.state !== 'current'
    const stopped = lost || failed || found?.state === 'stopped' || codes.some((code) => region().startsWith(code))
    const last = at ?? found?.lastAt ?? null
    const since = found?.stoppedSince ?? (lost ? live.currentUntil : null)
    return {
      at: stopped && since !== null && last === null ? since : last,
      stopped,
      silent: codes.filter((code) => code.length > region().length && code.startsWith(region())),
    }
  })
}

/** When an answer's data are of: what it says itself, or else when it came. */
export function timeOf<Value>({ value, at, error }: Answer<Value>, dataTime: (value: Value) => string | null | undefined) {
  const time = value === null ? null : dataTime(value)
  return { at: time ? Date.parse(time) : at, failed: error !== null }
}
