/** The smallest west-south-east-north box around some places, or null without any. */
export function boundsOf(places: Iterable<readonly number[]>): [number, number, number, number] | null {
  let box: [number, number, number, number] | null = null
  for (const [lon = 0, lat = 0] of places) {
    box = box
      ? [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)]
      : [lon, lat, lon, lat]
  }
  return box
}
