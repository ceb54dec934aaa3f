/** Administrative areas for the base map; they do not change while a page is open. */
import type { FeatureCollection } from 'geojson'
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { type Region, type RegionLevel, useApi } from '@/api'

const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] }

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
  let asked = false

  async function load(): Promise<void> {
    if (asked) return
    asked = true
    const ask = async (level: RegionLevel) => toFeatures((await api.regions({ level })).items)
    try {
      ;[province.value, cities.value, counties.value] = await Promise.all([ask('province'), ask('city'), ask('county')])
    } catch (error) {
      asked = false // the map works without its background; the next page tries again
      throw error
    }
  }

  return { province, cities, counties, load }
})
