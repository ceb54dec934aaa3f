/** What the base map is made of: areas and roads. It does not change while a page is open. */
import type { FeatureCollection, Geometry, Position } from 'geojson'
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { type Layer, type Region, type RegionLevel, useApi } from '@/api'
import { boundsOf as box } from './bounds'

const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] }

/** The areas as shapes for the map; the place for the name goes along as a property. */
export function toFeatures(regions: Region[]): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: regions.flatMap(({ geometry, ...properties }) =>
      geometry ? [{ type: 'Feature' as const, geometry, properties }] : [],
    ),
  }
}

export const useRegions = defineStore('regions', () => {
  const api = useApi()
  const province = shallowRef(EMPTY)
  const cities = shallowRef(EMPTY)
  const counties = shallowRef(EMPTY)
  /** All layers that the server offers. */
  const catalogue = shallowRef<Layer[]>([])
  /** The road layer of the catalogue, when it has tiles. */
  const roads = computed(() => catalogue.value.find(({ id, tiles }) => id === 'roads' && tiles !== null) ?? null)
  let asked = false

  async function load(): Promise<void> {
    if (asked) return
    asked = true
    const ask = async (level: RegionLevel) => toFeatures((await api.regions({ level, limit: 10_000 })).items)
    try {
      const [layers, ...areas] = await Promise.all([api.layers(), ask('province'), ask('city'), ask('county')])
      ;[province.value, cities.value, counties.value] = areas
      catalogue.value = layers.items
    } catch (error) {
      asked = false // the map works without its background; the next page tries again
      throw error
    }
  }

  /** All areas by their prefix. */
  const byPrefix = computed(
    () =>
      new Map(
        [province, cities, counties].flatMap(({ value }) =>
          value.features.map((area) => [prefixOf(String(area.properties?.adcode ?? '')), area] as const),
        ),
      ),
  )

  const nameOf = (prefix: string): string => String(byPrefix.value.get(prefix)?.properties?.name ?? '')

  /** The parts of an area, by prefix and in the order of their codes; a county has none. */
  const partsOf = (prefix: string): string[] =>
    [...byPrefix.value.keys()].filter((part) => part.length === prefix.length + 2 && part.startsWith(prefix)).sort()

  /** West, south, east and north of one's own area by its prefix, or null while it is not known. */
  function boundsOf(prefix: string): [number, number, number, number] | null {
    const own = byPrefix.value.get(prefix)
    return own ? box(cornersOf(own.geometry)) : null
  }

  return { province, cities, counties, catalogue, roads, load, boundsOf, nameOf, partsOf, byPrefix }
})

/** What the codes of an area and of everything in it begin with: 370700 and 3707 are both 3707. */
export const prefixOf = (adcode: string): string => adcode.replace(/(00)+$/, '')

/** The corners of an area; nothing of any other kind of shape. */
function cornersOf(geometry: Geometry): Position[] {
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.flat(2)
  return geometry.type === 'Polygon' ? geometry.coordinates.flat() : []
}
