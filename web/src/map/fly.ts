/** Moving the view. Someone who asked for less motion gets a jump. */
import type { Map as MapLibre, PaddingOptions } from 'maplibre-gl'
import { boundsOf } from '@/stores/bounds'
import { circle } from './geodesic'

const calm = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches

/** Show a place with everything within `radiusM` around it. */
export function showReach(map: MapLibre, lon: number, lat: number, radiusM: number, padding: number | PaddingOptions = 48): void {
  const ring = circle(lon, lat, radiusM, 16).geometry.coordinates[0]!
  const box = boundsOf(ring)
  if (box) map.fitBounds(box, { padding, duration: calm() ? 0 : 1200, essential: true })
}

/** Show a box (west, south, east, north). */
export function showBox(map: MapLibre, box: [number, number, number, number], padding: number | PaddingOptions): void {
  map.fitBounds(box, { padding, duration: calm() ? 0 : 1500, essential: true })
}

/** Show all of some places; a single one with the town around it. */
export function showAll(map: MapLibre, places: Iterable<readonly [number, number]>, padding = 60): void {
  const box = boundsOf(places)
  if (box) map.fitBounds(box, { padding, maxZoom: 12.5, duration: calm() ? 0 : 800 })
}
