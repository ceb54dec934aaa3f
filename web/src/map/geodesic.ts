/** Circles that are true to scale: points at an exact distance on the WGS84 ellipsoid. */
import type { Feature, Polygon } from 'geojson'

const A = 6_378_137
const F = 1 / 298.257_223_563
const B = A * (1 - F)
const RADIANS = Math.PI / 180

/**
 * The point at `distanceM` metres from a place in the direction `azimuth` (degrees, clockwise from north).
 *
 * Direct problem after Vincenty (1975); exact to well under a millimetre at any distance used here.
 */
export function destination(lon: number, lat: number, azimuth: number, distanceM: number): [number, number] {
  const alpha = azimuth * RADIANS
  const tanU = (1 - F) * Math.tan(lat * RADIANS)
  const cosU = 1 / Math.sqrt(1 + tanU * tanU)
  const sinU = tanU * cosU
  const sigma1 = Math.atan2(tanU, Math.cos(alpha))
  const sinAlpha = cosU * Math.sin(alpha)
  const cos2Alpha = 1 - sinAlpha * sinAlpha
  const u2 = (cos2Alpha * (A * A - B * B)) / (B * B)
  const k1 = 1 + (u2 / 16384) * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
  const k2 = (u2 / 1024) * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))

  let sigma = distanceM / (B * k1)
  let cos2m = 0
  for (let round = 0; round < 50; round += 1) {
    cos2m = Math.cos(2 * sigma1 + sigma)
    const sin = Math.sin(sigma)
    const correction =
      k2 * sin * (cos2m + (k2 / 4) * (Math.cos(sigma) * (2 * cos2m * cos2m - 1) -
        (k2 / 6) * cos2m * (4 * sin * sin - 3) * (4 * cos2m * cos2m - 3)))
    const next = distanceM / (B * k1) + correction
    const settled = Math.abs(next - sigma) < 1e-13
    sigma = next
    if (settled) break
  }
  cos2m = Math.cos(2 * sigma1 + sigma)

  const sin = Math.sin(sigma)
  const cos = Math.cos(sigma)
  const x = sinU * sin - cosU * cos * Math.cos(alpha)
  const lat2 = Math.atan2(sinU * cos + cosU * sin * Math.cos(alpha), (1 - F) * Math.hypot(sinAlpha, x))
  const lambda = Math.atan2(sin * Math.sin(alpha), cosU * cos - sinU * sin * Math.cos(alpha))
  const c = (F / 16) * cos2Alpha * (4 + F * (4 - 3 * cos2Alpha))
  const l = lambda - (1 - c) * F * sinAlpha * (sigma + c * sin * (cos2m + c * cos * (2 * cos2m * cos2m - 1)))
  return [lon + l / RADIANS, lat2 / RADIANS]
}

/** A ring of `corners` points, each exactly `radiusM` from the centre, counter-clockwise as GeoJSON wants it. */
export function circle(lon: number, lat: number, radiusM: number, corners = 128): Feature<Polygon> {
  const ring = Array.from({ length: corners }, (_, i) => destination(lon, lat, (-360 * i) / corners, radiusM))
  ring.push(ring[0]!)
  return { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } }
}
