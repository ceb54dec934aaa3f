/** Where one is on a route: what is left of it, and the next street. Works without a network. */
import type { Route, RouteStep } from '@/api'
import { metresBetween } from './sharingPlan'

export interface Progress {
  /** Metres beside the route. */
  offRoute: number
  remainingM: number
  remainingS: number
  /** The street on which one is, and the next with a name with the metres until its beginning. */
  street: string | null
  next: { name: string; inM: number } | null
}

type Place = readonly [number, number]

export function progressOn(route: Route, here: Place): Progress {
  const line = route.route.coordinates.map(([lon = 0, lat = 0]) => [lon, lat] as const)
  const { passed, whole, offRoute } = nearestOn(line, here)
  const share = whole > 0 ? passed / whole : 1
  const doneM = share * route.road_distance_m
  const { street, next, remainingS } = along(route.steps, doneM)
  const driveS = route.travel_time_s - route.walk_s
  const stepsS = route.steps.reduce((sum, { travel_time_s }) => sum + travel_time_s, 0)
  return {
    offRoute,
    remainingM: route.road_distance_m - doneM,
    // The steps' own times where they cover the route: a stretch in town takes longer than one outside.
    remainingS: (stepsS > 0 ? (remainingS / stepsS) * driveS : (1 - share) * driveS) + (1 - share) * route.walk_s,
    street,
    next,
  }
}

/** How far along a line its nearest point to `here` lies, the line's length, and the distance between them, in metres. */
function nearestOn(line: Place[], here: Place): { passed: number; whole: number; offRoute: number } {
  let passed = 0
  let whole = 0
  let offRoute = line.length === 1 ? metresBetween(line[0]!, here) : Infinity
  const squeeze = Math.cos((here[1] * Math.PI) / 180)
  for (let i = 1; i < line.length; i += 1) {
    const [a, b] = [line[i - 1]!, line[i]!]
    const length = metresBetween(a, b)
    const [x, y] = [(b[0] - a[0]) * squeeze, b[1] - a[1]]
    const square = x * x + y * y
    const t = square === 0 ? 0 : ((here[0] - a[0]) * squeeze * x + (here[1] - a[1]) * y) / square
    const along = Math.min(1, Math.max(0, t))
    const beside = metresBetween([a[0] + (b[0] - a[0]) * along, a[1] + (b[1] - a[1]) * along], here)
    if (beside < offRoute) {
      offRoute = beside
      passed = whole + along * length
    }
    whole += length
  }
  return { passed, whole, offRoute }
}

function along(steps: RouteStep[], doneM: number) {
  let reached = 0
  let street: string | null = null
  let next: { name: string; inM: number } | null = null
  let remainingS = 0
  let arrivedAt = false
  for (const { name, distance_m, travel_time_s } of steps) {
    const end = reached + distance_m
    if (!arrivedAt && doneM < end) {
      arrivedAt = true
      street = name
      remainingS += travel_time_s * ((end - doneM) / distance_m)
    } else if (arrivedAt) {
      remainingS += travel_time_s
      if (next === null && name && name !== street) next = { name, inM: reached - doneM }
    }
    reached = end
  }
  return { street, next, remainingS }
}
