/** Where the planning page's map looks: at what the address says, then at the region, then at what is chosen. */
import type { Map as MapLibre } from 'maplibre-gl'
import { shallowRef, watch } from 'vue'
import { showAll, showBox } from '@/map/fly'
import { prefixOf, useRegions } from '@/stores/regions'
import { useScenario } from '@/stores/scenario'
import type { usePlanView } from './usePlanView'

const EDGE_PX = 36

export function usePlanMap(view: ReturnType<typeof usePlanView>) {
  const regions = useRegions()
  const scenario = useScenario()
  const map = shallowRef<MapLibre | null>(null)
  let isAddressed = false

  function onReady(ready: MapLibre): void {
    isAddressed = view.follow(ready)
    map.value = ready
  }

  function flyToRegion(adcode: string): void {
    const box = regions.boundsOf(prefixOf(adcode))
    if (map.value && box) showBox(map.value, box, EDGE_PX)
  }

  const flyTo = ({ lon, lat }: { lon: number; lat: number }) => map.value && showAll(map.value, [[lon, lat]])

  /** A place so many pixels away from another. */
  function shifted({ lon, lat }: { lon: number; lat: number }, x: number, y: number): [number, number] | null {
    if (!map.value) return null
    const at = map.value.project([lon, lat])
    const { lng, lat: north } = map.value.unproject([at.x + x, at.y + y])
    return [lng, north]
  }

  watch(
    () => [map.value !== null, regions.byPrefix.size > 0, scenario.result?.region ?? view.region.value] as const,
    ([isReady, isKnown, shown]) => {
      if (!isReady || !isKnown) return
      if (!isAddressed) flyToRegion(shown)
      // What the address says is the first look only; with a scenario to open that is the look at the scenario.
      if (view.openId.value === null || scenario.result) isAddressed = false
    },
  )

  return { onReady, flyTo, flyToRegion, shifted }
}
