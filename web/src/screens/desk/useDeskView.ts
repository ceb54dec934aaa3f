/**
 * What the desk shows is in its address: the open alert, the moment of a replay, the filter of the queue, the layers,
 * and where the map is. So a view can be sent to a colleague, and back and forward do what people expect.
 */
import type { Map as MapLibre } from 'maplibre-gl'
import { computed, onBeforeUnmount, watch } from 'vue'
import { type LocationQueryRaw, useRoute, useRouter } from 'vue-router'
import { useMapLayers } from '@/stores/mapLayers'
import { filterFrom, type QueueFilter, queryOf } from '@/stores/queueFilter'

/** The map moves a lot; the address follows when it rests. */
const REST_MS = 400

export interface MapView {
  lon: number
  lat: number
  zoom: number
}

/** `119.16123,36.70412,12.4` */
export function readMapView(text: unknown): MapView | null {
  const numbers = typeof text === 'string' ? text.split(',').map(Number) : []
  const [lon, lat, zoom] = numbers as [number, number, number]
  const isView = numbers.length === 3 && Math.abs(lon) <= 180 && Math.abs(lat) <= 85 && zoom >= 0 && zoom <= 22
  return isView ? { lon, lat, zoom } : null
}

export const writeMapView = ({ lon, lat, zoom }: MapView) => `${lon.toFixed(5)},${lat.toFixed(5)},${zoom.toFixed(2)}`

export function useDeskView() {
  const route = useRoute()
  const router = useRouter()
  const layers = useMapLayers()

  const openId = computed(() => Number(route.query.alert) || null)
  /** The moment of the replay in milliseconds; 0: from the beginning of the alert; null: the present. */
  const replayAt = computed(() => (route.query.replay === undefined || openId.value === null ? null : Number(route.query.replay) * 1000 || 0))
  const filter = computed(() => filterFrom(route.query))

  /** `isStep`: something that "back" should take back. */
  function go(change: LocationQueryRaw, isStep: boolean): void {
    const query = { ...route.query, ...change }
    void (isStep ? router.push({ query }) : router.replace({ query }))
  }

  const open = (id: number) => go({ alert: id, replay: undefined }, id !== openId.value)
  const leave = () => go({ alert: undefined, replay: undefined }, true)
  const openReplay = () => go({ replay: 0 }, true)
  const leaveReplay = () => go({ replay: undefined }, true)
  const noteReplay = (moment: number) => go({ replay: Math.round(moment / 1000) }, false)
  const setFilter = (next: QueueFilter) => go(queryOf(next), next.list !== filter.value.list)

  /** Layers are remembered on the device; an address that names some wins, once the catalogue is there. */
  function holdLayers(): void {
    let named = typeof route.query.layers === 'string' ? new Set(route.query.layers.split(',')) : null
    watch(
      () => [layers.offered, [...layers.chosen].sort().join(',')] as const,
      ([offered, chosen], before) => {
        if (offered.length > 0 && named) {
          for (const { id } of offered) if (named.has(id) !== layers.chosen.has(id)) layers.toggle(id)
          named = null
        } else if (before && chosen !== before[1]) {
          go({ layers: chosen }, false)
        }
      },
      { immediate: true },
    )
  }

  let stopFollowing = () => {}
  /** Keep the address where the map is, and the map where the address says. Answers whether it said anything. */
  function follow(map: MapLibre): boolean {
    let written = route.query.at
    let timer: number | undefined
    const show = (text: unknown): boolean => {
      const view = readMapView(text)
      if (view) map.jumpTo({ center: [view.lon, view.lat], zoom: view.zoom })
      return view !== null
    }
    const onRest = () => {
      window.clearTimeout(timer)
      timer = window.setTimeout(() => {
        const { lng, lat } = map.getCenter()
        written = writeMapView({ lon: lng, lat, zoom: map.getZoom() })
        if (written !== route.query.at) go({ at: written }, false)
      }, REST_MS)
    }
    map.on('moveend', onRest)
    const unwatch = watch(
      () => route.query.at,
      (text) => {
        if (text !== written) show(text)
      },
    )
    stopFollowing = () => {
      window.clearTimeout(timer)
      map.off('moveend', onRest)
      unwatch()
    }
    return show(route.query.at)
  }
  onBeforeUnmount(() => stopFollowing())

  return { openId, replayAt, filter, open, leave, openReplay, leaveReplay, noteReplay, setFilter, holdLayers, follow }
}
