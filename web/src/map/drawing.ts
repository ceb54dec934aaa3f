/** A line that is being drawn, corner by corner. */

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

/** Whether there is something to hand over. */
export const isLine = (line: readonly Corner[]) => line.length >= 2
