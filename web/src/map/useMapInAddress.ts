/** Where the map is stands in the address (`at`), so that a view can be sent to a colleague and survives a reload. */
import type { Map as MapLibre } from 'maplibre-gl'
import { onBeforeUnmount, watch } from 'vue'
import { useRoute } from 'vue-router'

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

/**
 * Answers how to follow a map: keep the address where it is, and it where the address says. Following answers whether
 * the address said anything. `note` writes into the address, without a step back.
 */
export function useMapInAddress(note: (query: { at: string }) => void): (map: MapLibre) => boolean {
  const route = useRoute()
  let stopFollowing = () => {}
  onBeforeUnmount(() => stopFollowing())

  return (map) => {
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
        if (written !== route.query.at) note({ at: written })
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
}
