/** A line or an area that is being drawn, corner by corner. */
import type { LineString, Polygon } from 'geojson'

/** What the corners make. */
export type DrawnShape = 'line' | 'area'

export type Corner = readonly [lon: number, lat: number]

/** Two clicks nearer than this are one corner: a double click is also two clicks. */
const SAME_PX = 5

/** `line` with one more corner, unless it is where the last one is on the screen. */
export function withCorner(line: readonly Corner[], corner: Corner, project: (corner: Corner) => { x: number; y: number }): readonly Corner[] {
  const last = line.at(-1)
  if (last) {
    const [a, b] = [project(last), project(corner)]
    if (Math.hypot(a.x - b.x, a.y - b.y) < SAME_PX) return line
  }
  return [...line, corner]
}

export const CORNERS_NEEDED: Record<DrawnShape, number> = { line: 2, area: 3 }

/** Whether there is something to hand over. */
export const isEnough = (shape: DrawnShape, corners: readonly Corner[]) => corners.length >= CORNERS_NEEDED[shape]

/** The corners as GeoJSON; an area is closed by its first corner. */
export function geometryOf(shape: DrawnShape, corners: readonly Corner[]): LineString | Polygon {
  const path = corners.map((corner) => [...corner])
  return shape === 'line' ? { type: 'LineString', coordinates: path } : { type: 'Polygon', coordinates: [[...path, path[0]!]] }
}
