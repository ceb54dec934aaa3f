/** Colours of a layer's features, as the catalogue says. */
import type { Layer } from '@/api'

const UNKNOWN = '#9aa7b2'

/** A MapLibre expression: the legend's colour of a feature, grey for a value that the legend does not name. */
export function legendColour({ legend }: Pick<Layer, 'legend'>): unknown {
  const property = legend.find(({ property }) => property !== null)?.property
  if (!property) return legend[0]?.colour ?? UNKNOWN
  const pairs = legend.flatMap(({ value, colour }) => (value === null ? [] : [value, colour]))
  return pairs.length > 0 ? ['match', ['get', property], ...pairs, UNKNOWN] : UNKNOWN
}
