/**
 * How often to draw what moves: as often as the screen does while that costs little, less often where there is no
 * graphics card, so that the page stays usable. Decided by what frames really take, not by what the machine says it is.
 */

const STEPS_MS = [0, 33, 50, 100, 200] as const
/** A frame may take this much longer than planned before drawing less. */
const LATE_MS = 12
const SCREEN_MS = 17
/** So many frames are looked at together: one late frame is nothing. */
const FRAMES = 12
/** After this long without trouble a faster pace is tried again. */
const TRY_AGAIN_MS = 15_000

export class Pace {
  private step = 0
  private late = 0
  private seen = 0
  private calmSince: number | null = null
  private drawnAt = -Infinity

  /** The least time between two frames now, in milliseconds; 0 is as often as the screen. */
  get everyMs(): number {
    return STEPS_MS[this.step]!
  }

  /** Whether to draw at `now` (milliseconds of the frame). */
  due(now: number): boolean {
    return now - this.drawnAt >= this.everyMs - 4
  }

  /** A frame was drawn at `now`; `continued`: right after the one before, so that the time between says something. */
  drawn(now: number, continued: boolean): void {
    const tookMs = now - this.drawnAt
    this.drawnAt = now
    if (!continued) return
    this.seen += 1
    if (tookMs > Math.max(this.everyMs, SCREEN_MS) + LATE_MS) this.late += 1
    if (this.seen < FRAMES) return
    const tooMany = this.late * 2 > this.seen
    this.seen = this.late = 0
    if (tooMany) {
      this.step = Math.min(this.step + 1, STEPS_MS.length - 1)
      this.calmSince = null
    } else {
      this.calmSince ??= now
      if (this.step > 0 && now - this.calmSince > TRY_AGAIN_MS) {
        this.step -= 1
        this.calmSince = null
      }
    }
  }
}
