/** The map as a picture, for paper. */
import type { Map as MapLibre } from 'maplibre-gl'

const SIZE_PX = 13

/** A PNG of what the map shows, with a cross at a place: marks are no part of the map's own canvas. Null if it cannot be read. */
export function pictureOf(map: MapLibre, lon: number, lat: number): Promise<string | null> {
  return new Promise((resolve) => {
    // The canvas may be read only in the frame in which it was drawn.
    map.once('render', () => {
      const drawn = map.getCanvas()
      const copy = document.createElement('canvas')
      copy.width = drawn.width
      copy.height = drawn.height
      const at = copy.getContext('2d')
      if (!at) return resolve(null)
      at.drawImage(drawn, 0, 0)
      const scale = drawn.width / (drawn.clientWidth || drawn.width)
      const { x, y } = map.project([lon, lat])
      for (const [width, colour] of [[7, '#ffffff'], [3.5, '#c81e26']] as const) {
        at.lineWidth = width * scale
        at.strokeStyle = colour
        at.beginPath()
        at.moveTo((x - SIZE_PX) * scale, y * scale)
        at.lineTo((x + SIZE_PX) * scale, y * scale)
        at.moveTo(x * scale, (y - SIZE_PX) * scale)
        at.lineTo(x * scale, (y + SIZE_PX) * scale)
        at.stroke()
      }
      resolve(copy.toDataURL('image/png'))
    })
    map.triggerRepaint()
  })
}
