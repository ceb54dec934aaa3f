/** One feed a page, and what its frames mean for the stores. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { type Alert, type Assignment, type Closure, type Duty, useApi } from '@/api'
import { type Frame, LiveFeed, type LinkState, type View } from '@/live/feed'
import { isUnderWay, useAlerts } from './alerts'
import { useClosures } from './closures'
import { type Move, useOfficers } from './officers'
import { useSession } from './session'

export type FrameListener = (frame: Frame) => void

export const useLive = defineStore('live', () => {
  const api = useApi()
  const alerts = useAlerts()
  const closures = useClosures()
  const officers = useOfficers()
  const session = useSession()
  const state = ref<LinkState>('idle')
  /** When the link was last known to be whole (milliseconds), for "as of" on a screen that has lost it. */
  const currentUntil = ref<number | null>(null)
  const listeners = new Set<FrameListener>()
  let feed: LiveFeed | null = null
  let view: View | null = null
  let heardAt = 0

  function deliver(frames: Frame[]): void {
    heardAt = Date.now()
    for (const frame of frames) {
      if (frame.kind === 'officers.moved') {
        const { officers: moves, gone } = frame.data as { officers: Move[]; gone?: number[] }
        officers.applyMoves(moves, gone ?? [])
      } else if (frame.kind === 'alert.raised') {
        alerts.applyRisen(frame.data as Alert)
      } else if (frame.kind.startsWith('alert.')) {
        alerts.apply(frame.data as Alert)
      } else if (frame.kind.startsWith('assignment.')) {
        const assignment = frame.data as Assignment
        alerts.applyAssignment(assignment)
        if (assignment.officer_id !== null) {
          officers.setStatus(assignment.officer_id, isUnderWay(assignment) ? 'busy' : 'free')
        }
      } else if (frame.kind === 'roads.changed') {
        closures.applyVersion((frame.data as { version: string }).version)
      } else if (frame.kind.startsWith('road.') && frame.kind !== 'road.speeds_changed') {
        closures.apply(frame.data as Closure)
      } else if (frame.kind === 'duty.ended') {
        officers.applyMoves([], [(frame.data as Duty).id])
      } else if (frame.kind === 'duty.started') {
        officers.expectNewcomer()
      }
      for (const listener of listeners) listener(frame)
    }
  }

  function onState(next: LinkState): void {
    // A link that dies in silence is noticed seconds later: the time of the last word is the honest one.
    if (state.value === 'current' && next !== 'current') currentUntil.value = heardAt
    if (next === 'current') heardAt = Date.now()
    state.value = next
    if (next === 'refused') session.forget()
  }

  async function probe(): Promise<void> {
    await api.health()
    heardAt = Date.now()
  }

  const reconnect = () => feed?.reconnect()

  /** Watch these topics; `loadSnapshot` fetches what the page shows of them. */
  function start(topics: readonly string[], loadSnapshot: () => Promise<void>): void {
    stop()
    // Whatever a page shows, it must know when it has stopped.
    feed = new LiveFeed({ topics: [...new Set([...topics, 'sources'])], loadSnapshot, deliver, onState, probe })
    feed.show(view)
    feed.start()
    window.addEventListener('offline', reconnect)
    window.addEventListener('online', reconnect)
  }

  function stop(): void {
    window.removeEventListener('offline', reconnect)
    window.removeEventListener('online', reconnect)
    feed?.stop()
    feed = null
  }

  /** Of positions hear only those in this part of the map; null for all. */
  function show(next: View | null): void {
    view = next
    feed?.show(next)
  }

  /** Hear of every frame, after the stores, until the returned function is called. */
  function listen(listener: FrameListener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return { state, currentUntil, start, stop, show, listen, deliver }
})
