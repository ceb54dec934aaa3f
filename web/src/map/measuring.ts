/** Lengths and areas on the WGS84 ellipsoid (Karney's geodesics), in metres and square metres. */
import geodesic from 'geographiclib-geodesic'
import type { Corner } from './drawing'

const EARTH = geodesic.Geodesic.WGS84

/** Along the geodesics between the corners. */
export function lengthM(line: readonly Corner[]): number {
  return measured(line, true).perimeter
}

/** Inside the ring that the corners make, whichever way round it was drawn; nothing below three corners. */
export function areaM2(ring: readonly Corner[]): number {
  return ring.length < 3 ? 0 : Math.abs(measured(ring, false).area ?? 0)
}

function measured(corners: readonly Corner[], isLine: boolean) {
  const polygon = EARTH.Polygon(isLine)
  for (const [lon, lat] of corners) polygon.AddPoint(lat, lon)
  return polygon.Compute(false, true)
}
