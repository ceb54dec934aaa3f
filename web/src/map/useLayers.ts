/** A source and its layers for as long as a component lives: what is added here is removed here, and nothing else. */
import type { AddLayerObject, GeoJSONSource, Map as MapLibre, SourceSpecification } from 'maplibre-gl'
import type { FeatureCollection } from 'geojson'
import { onBeforeUnmount, watch, type WatchSource } from 'vue'
import { type Level, markOf, useMap } from './map'


export const NOTHING: FeatureCollection = { type: 'FeatureCollection', features: [] }

export function useLayers(id: string, source: SourceSpecification, level: Level, styles: object[]): MapLibre {
  const map = useMap()
  map.addSource(id, source)
  const ids = styles.map((style, i) => {
    const layerId = `${id}-${i}`
    map.addLayer({ ...style, id: layerId, source: id } as AddLayerObject, markOf(level))
    return layerId
  })
  onBeforeUnmount(() => {
    for (const layerId of ids.reverse()) map.removeLayer(layerId)
    map.removeSource(id)
  })
  return map
}

/** The same for GeoJSON that a screen computes: a change of data touches only the source. */
export function useGeoJson(id: string, data: WatchSource<FeatureCollection>, level: Level, styles: object[]): MapLibre {
  const map = useLayers(id, { type: 'geojson', data: NOTHING, promoteId: 'id' }, level, styles)
  watch(data, (next) => void map.getSource<GeoJSONSource>(id)?.setData(next), { immediate: true })
  return map
}
