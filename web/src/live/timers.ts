/** The browser's clock, as far as a link needs it; tests pass one that stands still. */
export interface Timers {
  set(run: () => void, ms: number): number
  clear(id: number | undefined): void
  /** Milliseconds since some moment; never goes back. */
  now(): number
}

export const browserTimers: Timers = {
  set: (run, ms) => window.setTimeout(run, ms),
  clear: (id) => window.clearTimeout(id),
  now: () => performance.now(),
}
