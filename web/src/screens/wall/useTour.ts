/**
 * The round that an unattended wall makes: stop after stop, each for the same time, until somebody or something holds it.
 *
 * A hold has a reason, so that two of them do not release each other. A touch holds it for a while only: nobody comes
 * back to a wall to start it again.
 */
import { computed, type ComputedRef, onUnmounted, ref, type Ref, watch } from 'vue'

export const DWELL_MS = 15_000
export const HAND_MS = 90_000

export interface Tour {
  /** Place in the round, or -1 where no stop of it is shown. */
  at: Readonly<Ref<number>>
  running: ComputedRef<boolean>
  /** Changes whenever the time at a stop begins anew: what shows the progress starts again. */
  round: Readonly<Ref<number>>
  hold: (reason: string) => void
  release: (reason: string) => void
  /** Somebody is using the wall. */
  touch: () => void
  step: (by: 1 | -1) => void
}

/** `count` stops, each shown by `arrive`; `shown` is the one that is on the wall already, or -1. */
export function useTour(count: () => number, arrive: (stop: number) => void, shown = -1): Tour {
  const at = ref(shown)
  const round = ref(0)
  const holds = ref(new Set<string>())
  const running = computed(() => holds.value.size === 0 && count() > 0)
  let dwellTimer: number | undefined
  let handTimer: number | undefined

  function go(by: number): void {
    const stops = count()
    if (stops === 0) return
    at.value = at.value < 0 && by < 0 ? stops - 1 : (at.value + by + stops) % stops
    arrive(at.value)
  }

  function dwell(): void {
    window.clearTimeout(dwellTimer)
    if (!running.value) return
    round.value += 1
    dwellTimer = window.setTimeout(() => {
      go(1)
      dwell()
    }, DWELL_MS)
  }
  watch(running, dwell, { immediate: true })

  function hold(reason: string): void {
    holds.value = new Set([...holds.value, reason])
  }

  function release(reason: string): void {
    holds.value = new Set([...holds.value].filter((other) => other !== reason))
  }

  function touch(): void {
    hold('hand')
    window.clearTimeout(handTimer)
    handTimer = window.setTimeout(() => release('hand'), HAND_MS)
  }

  function step(by: 1 | -1): void {
    touch()
    go(by)
  }

  onUnmounted(() => {
    window.clearTimeout(dwellTimer)
    window.clearTimeout(handTimer)
  })
  return { at, running, round, hold, release, touch, step }
}
