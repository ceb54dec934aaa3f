/** Which layers of the catalogue the desk's map shows, and how many rows each has. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { type Layer, type Statistics, useApi } from '@/api'
import { useRegions } from './regions'

/** Those that are points of records; alerts, officers, roads and regions have layers of their own on every map. */
const OFFERED = ['enterprises', 'points', 'stations'] as const
const FIRST = ['stations']
const CHOICE = 'onemap.layers'

export interface Counted {
  total: number
  /** By the values of the property that the legend colours. */
  byValue: Map<string, number>
}

export const useMapLayers = defineStore('mapLayers', () => {
  const api = useApi()
  const regions = useRegions()
  const chosen = ref(new Set(remembered()))
  const counts = shallowRef(new Map<string, Counted>())

  const offered = computed<Layer[]>(() =>
    OFFERED.flatMap((id) => regions.catalogue.find((layer) => layer.id === id && layer.tiles !== null) ?? []),
  )
  const shown = computed(() => offered.value.filter(({ id }) => chosen.value.has(id)))

  function toggle(id: string): void {
    const next = new Set(chosen.value)
    if (!next.delete(id)) next.add(id)
    chosen.value = next
    localStorage.setItem(CHOICE, JSON.stringify([...next]))
  }

  /** Count the rows of all layers that are offered, in the whole area of whoever is signed in. */
  async function count(): Promise<void> {
    const answers = await Promise.all(
      offered.value.map(async (layer) => {
        const by = layer.legend.find(({ property }) => property !== null)?.property ?? 'region'
        return [layer.id, toCounted(await api.statistics(layer.id, by))] as const
      }),
    )
    counts.value = new Map(answers)
  }

  return { chosen, counts, offered, shown, toggle, count }
})

const toCounted = ({ total, items }: Statistics): Counted => ({
  total,
  byValue: new Map(items.map(({ key, count }) => [key, count])),
})

function remembered(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(CHOICE) ?? 'null')
    return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : FIRST
  } catch {
    return FIRST // somebody else's text under our name
  }
}
