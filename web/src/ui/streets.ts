/** A route in the names of its streets. */
import type { RouteStep } from '@/api'

export interface Street {
  /** Null: a road without a name. */
  name: string | null
  distance_m: number
}

/** Shorter than this, a road without a name is a crossing or a ramp that nobody would mention. */
const WORTH_SAYING_M = 50

/** The streets in the order of the drive; stretches of the same street that follow each other are one. */
export function streets(steps: readonly RouteStep[]): Street[] {
  const found: Street[] = []
  for (const { name: given, distance_m } of steps) {
    const name = given || null // a road without a name may come with an empty one
    if (name === null && distance_m < WORTH_SAYING_M) continue
    const last = found.at(-1)
    if (last && last.name === name) last.distance_m += distance_m
    else found.push({ name, distance_m })
  }
  return found
}
