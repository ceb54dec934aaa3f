/** Which layers of the catalogue the desk's map shows, how they are narrowed, and how many rows each has in view. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { isAbort, type Layer, type Statistics, useApi } from '@/api'
import type { Frame } from '@/live/feed'
import { useLive } from './live'
import { useRegions } from './regions'

/** Those that are points of records; alerts, officers, roads and regions have layers of their own on every map. */
const OFFERED = ['enterprises', 'points', 'stations'] as const
const FIRST = ['stations']
const CHOICE = 'onemap.layers'

/** West, south, east, north in degrees. */
export type View = readonly [number, number, number, number]

export interface Counted {
  total: number
  /** By the values of the property that the legend colours. */
  byValue: Map<string, number>
  /** Time of the newest data in the layer. */
  asOf: string | null
}

export const useMapLayers = defineStore('mapLayers', () => {
  const api = useApi()
  const regions = useRegions()
  const chosen = ref(new Set(remembered()))
  const narrowed = ref<Record<string, Record<string, string>>>({})
  const versions = ref<Record<string, number>>({})
  const counts = shallowRef(new Map<string, Counted>())
  const byRegion = shallowRef(new Map<string, Statistics['items']>())
  let view: View | null = null
  let asking: AbortController | null = null

  const offered = computed<Layer[]>(() =>
    OFFERED.flatMap((id) => regions.catalogue.find((layer) => layer.id === id && layer.tiles !== null) ?? []),
  )
  const shown = computed(() => offered.value.filter(({ id }) => chosen.value.has(id)))
  const filtersOf = (id: string): Record<string, string> => narrowed.value[id] ?? {}
  /** Grows with every change of the layer's rows that the server tells of. */
  const versionOf = (id: string): number => versions.value[id] ?? 0

  function toggle(id: string): void {
    const next = new Set(chosen.value)
    if (!next.delete(id)) next.add(id)
    chosen.value = next
    localStorage.setItem(CHOICE, JSON.stringify([...next]))
  }

  /** Show only rows with this value; an empty one lifts the filter. */
  function narrow(id: string, filter: string, value: string): void {
    const next = { ...filtersOf(id) }
    if (value) next[filter] = value
    else delete next[filter]
    narrowed.value = { ...narrowed.value, [id]: next }
    byRegion.value = new Map([...byRegion.value].filter(([layer]) => layer !== id))
  }

  /** Count the rows of all layers that are offered, within `within` when it is given. An answer that comes too late is dropped. */
  async function count(within: View | null = view): Promise<void> {
    view = within
    asking?.abort()
    const mine = (asking = new AbortController())
    const bbox = within?.map((degrees) => degrees.toFixed(5)).join(',')
    try {
      const answers = await Promise.all(
        offered.value.map(async (layer) => {
          const by = layer.legend.find(({ property }) => property !== null)?.property ?? 'region'
          const answer = await api.statistics(layer.id, by, { ...filtersOf(layer.id), bbox }, mine.signal)
          return [layer.id, toCounted(answer)] as const
        }),
      )
      if (asking === mine) counts.value = new Map(answers)
    } catch (error) {
      if (!isAbort(error)) throw error
    }
  }

  /** Count one layer by the parts of the whole area. */
  async function countByRegion(id: string): Promise<void> {
    const { items } = await api.statistics(id, 'region', filtersOf(id))
    byRegion.value = new Map([...byRegion.value, [id, items]])
  }

  function hear({ kind, data }: Frame): void {
    if (kind !== 'layers.changed') return
    const { layer } = data as { layer: string }
    const changed = layer === '*' ? offered.value.map(({ id }) => id) : [layer]
    versions.value = { ...versions.value, ...Object.fromEntries(changed.map((id) => [id, versionOf(id) + 1])) }
  }
  useLive().listen(hear)

  return { chosen, counts, byRegion, offered, shown, filtersOf, versionOf, toggle, narrow, count, countByRegion }
})

const toCounted = ({ total, items, as_of }: Statistics): Counted => ({
  total,
  byValue: new Map(items.map(({ key, count }) => [key, count])),
  asOf: as_of,
})

function remembered(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(CHOICE) ?? 'null')
    return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : FIRST
  } catch {
    return FIRST // somebody else's text under our name
  }
}
