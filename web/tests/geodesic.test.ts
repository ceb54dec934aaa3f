import { expect, test } from 'vitest'
import { circle, destination } from '@/map/geodesic'
import { boundsOf } from '@/stores/bounds'

/** Place, azimuth, metres, and the answer of PROJ's geodesics (GeographicLib) to nine decimals. */
const KNOWN: [number, number, number, number, number, number][] = [
  [119.1, 36.7, 0, 3000, 119.1, 36.727033778],
  [119.1, 36.7, 57, 3000, 119.12816123, 36.714720336],
  [179.99, 0.5, 90, 3000, 180.016950478, 0.499999944],
  [119.1, 36.7, 200, 200_000, 118.350747099, 35.003815929],
]

test.each(KNOWN)('from %d %d, azimuth %d, %d m', (lon, lat, azimuth, metres, lon2, lat2) => {
  const [x, y] = destination(lon, lat, azimuth, metres)
  expect(x).toBeCloseTo(lon2, 8)
  expect(y).toBeCloseTo(lat2, 8)
})

test('a circle is closed, counter-clockwise and as wide on the ground as it says', () => {
  const ring = circle(119.1, 36.7, 3000, 64).geometry.coordinates[0]!
  expect(ring).toHaveLength(65)
  expect(ring[0]).toEqual(ring[64])
  const area = ring.slice(1).reduce((sum, [x, y], i) => sum + (ring[i]![0]! * y! - x! * ring[i]![1]!), 0)
  expect(area).toBeGreaterThan(0)
  const [west, south, east, north] = boundsOf(ring)!
  // A degree of longitude is shorter than one of latitude here: the circle must be wider in degrees.
  expect((east - west) / (north - south)).toBeCloseTo(1 / Math.cos((36.7 * Math.PI) / 180), 1)
})

test('no places have no bounds', () => {
  expect(boundsOf([])).toBeNull()
})
