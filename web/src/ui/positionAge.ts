/** How far a position can be trusted by its age. Each class has a sign of its own, so that it is read without colour. */

export type AgeClass = 'fresh' | 'recent' | 'old'

/** A phone that moves sends every 5 s; one that stands still asks itself after 30 s. */
const FRESH_S = 60
/** In five minutes a car in town has gone 3 km: the circle says nothing about it any more. */
const RECENT_S = 300

export function ageClass(seconds: number): AgeClass {
  if (seconds <= FRESH_S) return 'fresh'
  return seconds <= RECENT_S ? 'recent' : 'old'
}

export const AGE_SIGN: Record<AgeClass, string> = { fresh: '●', recent: '◐', old: '○' }
