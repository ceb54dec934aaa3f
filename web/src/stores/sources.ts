/**
 * What arrives, how old it is, and what has stopped: said by the server, and by our own link to it.
 *
 * While the link is down nothing on this screen is the present, whatever the server may have heard meanwhile.
 */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { type Source, type SourceId, type SourceState, useApi } from '@/api'
import type { Frame } from '@/live/feed'
import { useLive } from './live'

/** What a panel says of its data; times in milliseconds, null where they are not known. */
export interface Freshness {
  state: SourceState
  lastAt: number | null
  stoppedSince: number | null
  /** How many areas inside one's own have stopped by themselves. */
  stoppedIn: number
}

const REFRESH_MS = 10_000
/** Losses come in groups; one answer tells of all of them. */
const SETTLE_MS = 300

export const useSources = defineStore('sources', () => {
  const api = useApi()
  const live = useLive()
  /** Null until the first answer: unknown is not stopped, and not live either. */
  const items = shallowRef<ReadonlyMap<SourceId, Source> | null>(null)
  let watchers = 0
  let refreshTimer: number | undefined
  let settleTimer: number | undefined
  let unlisten = () => {}

  async function load(): Promise<void> {
    const { items: found } = await api.sources()
    items.value = new Map(found.map((one) => [one.id, one]))
  }

  const refresh = () => void load().catch(() => undefined) // the link's own state says that nothing answers

  function hear({ kind, seq, data }: Frame): void {
    if (!kind.startsWith('source.')) return
    if (seq === undefined) {
      // The server's own link to its database: while it is down it could not answer a question.
      const told = data as Partial<Source> & Pick<Source, 'id'>
      const known = items.value?.get(told.id)
      if (known) items.value = new Map(items.value).set(told.id, { ...known, ...told })
    }
    settleTimer ??= window.setTimeout(() => {
      settleTimer = undefined
      refresh()
    }, SETTLE_MS)
  }

  /** Keep the sources current until the returned function is called; any number of panels may. */
  function follow(): () => void {
    if (watchers++ === 0) {
      unlisten = live.listen(hear)
      refreshTimer = window.setInterval(refresh, REFRESH_MS)
      refresh()
    }
    return () => {
      if (--watchers > 0) return
      unlisten()
      window.clearInterval(refreshTimer)
      window.clearTimeout(settleTimer)
      settleTimer = undefined
    }
  }

  /** How fresh what comes from a source is; null while nothing is known of it. */
  function freshness(id: SourceId): Freshness | null {
    const source = items.value?.get(id)
    const lastAt = toMs(source?.last_at)
    const stoppedIn = source?.stopped_in.length ?? 0
    if (live.state !== 'current') {
      if (live.currentUntil === null) return null // never connected yet
      return { state: 'stopped', lastAt, stoppedSince: toMs(source?.stopped_since) ?? live.currentUntil, stoppedIn }
    }
    const feed = items.value?.get('feed')
    if (!source || !feed) return null
    if (feed.state === 'stopped' && source.state !== 'stopped') {
      return { state: 'stopped', lastAt, stoppedSince: toMs(feed.stopped_since), stoppedIn }
    }
    return { state: source.state, lastAt, stoppedSince: toMs(source.stopped_since), stoppedIn }
  }

  return { items, load, follow, freshness }
})

const toMs = (at: string | null | undefined) => (at ? Date.parse(at) : null)
