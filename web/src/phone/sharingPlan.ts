/** How often and how exactly the phone looks where it is: as much as the work needs, as little as the battery allows. */
import type { Fix } from '@/api'

export interface Battery {
  /** 0 to 1. */
  level: number
  charging: boolean
}

export interface Circumstances {
  onTask: boolean
  moving: boolean
  /** Null where the browser does not say. */
  battery: Battery | null
}

export interface SharingPlan {
  everyMs: number
  /** Ask the satellites, not only the network: it costs the most. */
  highAccuracy: boolean
}

const LOW_BATTERY = 0.2

export const isLow = (battery: Battery | null) => battery !== null && !battery.charging && battery.level <= LOW_BATTERY

/** Never slower than a third of the time after which a position counts as old (5 min). */
export function sharingPlan({ onTask, moving, battery }: Circumstances): SharingPlan {
  const low = isLow(battery)
  if (onTask) return { everyMs: (moving ? 5_000 : 15_000) * (low ? 2 : 1), highAccuracy: true }
  return { everyMs: (moving ? 15_000 : 45_000) * (low ? 2 : 1), highAccuracy: !low }
}

const WALKING_MPS = 0.7

/** Whether the newest of two fixes shows movement, by its own speed or by more way than either may be wrong. */
export function isMoving(before: Fix | null, now: Fix): boolean {
  if (now.speed_mps !== null) return now.speed_mps >= WALKING_MPS
  if (before === null) return false
  const doubt = Math.max(20, before.accuracy_m ?? 0, now.accuracy_m ?? 0)
  return metresBetween([before.lon, before.lat], [now.lon, now.lat]) > doubt
}

const METRES_A_DEGREE = 111_320

/** Straight distance in metres; good to a percent over the few kilometres that matter on a phone. */
export function metresBetween(a: readonly [number, number], b: readonly [number, number]): number {
  const east = (b[0] - a[0]) * Math.cos(((a[1] + b[1]) / 2) * (Math.PI / 180))
  return Math.hypot(east, b[1] - a[1]) * METRES_A_DEGREE
}
