/** Tells the server which part of the map is in sight, so that it sends only movements there. */
import type { Map as MapLibre } from 'maplibre-gl'
import { onBeforeUnmount } from 'vue'
import { useLive } from '@/stores/live'

export type Box = readonly [west: number, south: number, east: number, north: number]

/** So much more than what is in sight is heard of on each side: a small move needs no new word. */
const MARGIN = 0.25
/** When what is heard of is so many times as large as it need be, a smaller part is asked for. */
const TOO_LARGE = 4

/** The part to ask for when `sight` is in view and `heard` was asked for before; the same object when it still does. */
export function partFor(sight: Box, heard: Box | null): Box {
  const wanted = widened(sight)
  if (heard && contains(heard, sight) && area(heard) <= TOO_LARGE * area(wanted)) return heard
  return wanted
}

export function useView(map: MapLibre): void {
  const live = useLive()
  let heard: Box | null = null
  function look(): void {
    const bounds = map.getBounds()
    const next = partFor([bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()], heard)
    if (next === heard) return
    heard = next
    live.show(next)
  }
  map.on('moveend', look)
  look()
  onBeforeUnmount(() => {
    map.off('moveend', look)
    live.show(null)
  })
}

function widened([west, south, east, north]: Box): Box {
  const [x, y] = [(east - west) * MARGIN, (north - south) * MARGIN]
  return [Math.max(-180, west - x), Math.max(-90, south - y), Math.min(180, east + x), Math.min(90, north + y)].map(
    (degrees) => Math.round(degrees * 1e4) / 1e4,
  ) as unknown as Box
}

const area = ([west, south, east, north]: Box) => (east - west) * (north - south)
const contains = (outer: Box, inner: Box) =>
  outer[0] <= Math.max(-180, inner[0]) && outer[1] <= inner[1] && outer[2] >= Math.min(180, inner[2]) && outer[3] >= inner[3]
