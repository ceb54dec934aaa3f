/** An alert's past being played: what was loaded, the moment that is shown, and how fast time passes. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { isAbort, type Replay, useApi } from '@/api'
import { alertAt, closedAt, marksOf, placeAt, rankingAt } from './pastMoment'

export const SPEEDS = [1, 10, 60] as const
export type Speed = (typeof SPEEDS)[number]
const TICK_MS = 100

export const useReplay = defineStore('replay', () => {
  const api = useApi()
  const past = shallowRef<Replay | null>(null)
  const error = shallowRef<unknown>(null)
  const loading = ref(false)
  /** The moment that is shown (milliseconds). */
  const at = ref(0)
  const playing = ref(false)
  const speed = ref<Speed>(10)
  let running: AbortController | null = null
  let timer: number | undefined

  const start = computed(() => (past.value ? Date.parse(past.value.window.start) : 0))
  const end = computed(() => (past.value ? Date.parse(past.value.window.end) : 0))
  const hasEarlier = computed(() => past.value !== null && Date.parse(past.value.window.first) < start.value)
  const hasLater = computed(() => past.value !== null && Date.parse(past.value.window.last) > end.value)

  const alert = computed(() => (past.value ? alertAt(past.value.events, at.value) : null))
  const ranking = computed(() => (past.value ? rankingAt(past.value.rankings, at.value) : null))
  const closures = computed(() => (past.value ? closedAt(past.value.closures, at.value) : []))
  const places = computed(() => {
    const s = (at.value - start.value) / 1000
    return (past.value?.tracks ?? []).flatMap((track) => placeAt(track, s) ?? [])
  })
  const marks = computed(() => (past.value ? marksOf(past.value) : []))
  /** What had happened by then, newest first. */
  const happened = computed(() => (past.value?.events ?? []).filter((event) => Date.parse(event.at) <= at.value).reverse())

  /** Load an alert's past and stand at `moment`, or where it began. */
  async function load(alertId: number, moment: number | null = null, window: { from?: string; to?: string } = {}): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    pause()
    loading.value = true
    if (past.value?.alert.id !== alertId) past.value = null
    try {
      const answer = await api.replay(alertId, window, { signal: mine.signal })
      if (running !== mine) return
      past.value = answer
      error.value = null
      // The event is a moment later than the time of raising: there is nothing to see before it.
      seek(moment ?? Date.parse(answer.events[0]?.at ?? answer.alert.raised_at))
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    } finally {
      if (running === mine) loading.value = false
    }
  }

  /** The hours before (-1) or after (1) those that are loaded. */
  async function turn(direction: -1 | 1): Promise<void> {
    if (!past.value) return
    const length = end.value - start.value
    const from = direction === 1 ? end.value : Math.max(Date.parse(past.value.window.first), start.value - length)
    const to = Math.min(from + length, direction === 1 ? Date.parse(past.value.window.last) : start.value)
    await load(past.value.alert.id, from, { from: new Date(from).toISOString(), to: new Date(to).toISOString() })
  }

  function seek(moment: number): void {
    at.value = Math.min(end.value, Math.max(start.value, moment))
  }

  /** To the mark before (-1) or after (1) this moment. */
  function step(direction: -1 | 1): void {
    const next = direction === 1 ? marks.value.find((mark) => mark.at > at.value) : marks.value.findLast((mark) => mark.at < at.value)
    if (next) seek(next.at)
  }

  function play(): void {
    if (!past.value || playing.value) return
    if (at.value >= end.value) seek(start.value)
    playing.value = true
    let before = Date.now()
    timer = window.setInterval(() => {
      const now = Date.now() // a tab in the background is woken less often: time passes all the same
      seek(at.value + (now - before) * speed.value)
      before = now
      if (at.value >= end.value) pause()
    }, TICK_MS)
  }

  function pause(): void {
    window.clearInterval(timer)
    playing.value = false
  }

  function clear(): void {
    running?.abort()
    running = null
    pause()
    past.value = null
    error.value = null
    loading.value = false
  }

  return {
    past, error, loading, at, playing, speed, start, end, hasEarlier, hasLater,
    alert, ranking, closures, places, marks, happened,
    load, turn, seek, step, play, pause, clear,
  }
})
