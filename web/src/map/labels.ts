/** Where names and figures stand on the map: dots beneath them are drawn faint, or a province of officers hides them. */
import type { Map as MapLibre } from 'maplibre-gl'

/** A text on the map: its place in degrees; how far below that it is centred, and half its width and height, CSS pixels. */
export interface Label {
  lon: number
  lat: number
  below: number
  half: readonly [width: number, height: number]
}

/** As many as the drawing of the dots looks at; a province has sixteen cities, each with a name and a figure. */
export const MOST_LABELS = 48
const LAYERS = ['city-names-0', 'county-names-0', 'area-figures-0']
const HALO_PX = 2

/** Half the width and height of a line of text, CSS pixels; Chinese characters are as wide as they are high. */
export function halfSize(text: string, size: number): readonly [number, number] {
  const ems = [...text].reduce((sum, letter) => sum + (letter > '\u2e7f' ? 1 : 0.58), 0)
  return [(ems * size) / 2 + HALO_PX, size / 2 + HALO_PX]
}

/** The labels that the map shows at this moment, each once. */
export function labelsOn(map: MapLibre): Label[] {
  const layers = LAYERS.filter((id) => map.getLayer(id))
  const found = new Map<string, Label>()
  for (const { properties, geometry, layer } of map.queryRenderedFeatures({ layers })) {
    if (geometry.type !== 'Point') continue
    const text = String(properties.text ?? properties.name ?? '')
    const [lon = 0, lat = 0] = geometry.coordinates
    const { 'text-size': size, 'text-offset': offset } = (layer.layout ?? {}) as { 'text-size'?: number; 'text-offset'?: [number, number] }
    const em = typeof size === 'number' ? size : 14
    const below = Array.isArray(offset) && typeof offset[1] === 'number' ? offset[1] * em : 0
    found.set(`${layer.id} ${text} ${lon.toFixed(3)}`, { lon, lat, below, half: halfSize(text, em) })
  }
  return [...found.values()].slice(0, MOST_LABELS)
}

/** As the drawing wants them: middle and half size in CSS pixels of the screen, four numbers a label. */
export function boxesOf(labels: readonly Label[], project: (place: [number, number]) => { x: number; y: number }): Float32Array {
  return new Float32Array(labels.flatMap(({ lon, lat, below, half }) => {
    const { x, y } = project([lon, lat])
    return [x, y + below, ...half]
  }))
}
