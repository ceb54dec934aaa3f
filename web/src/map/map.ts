/** What the layers share: the map itself, its style's fixed levels, and the hook for tests. */
import { type Map as MapLibre, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import type { StyleSpecification } from 'maplibre-gl'
import type { Feature } from 'geojson'
import { type ComputedRef, type InjectionKey, inject, type ShallowRef } from 'vue'
import type { MapPalette } from './palette'

setWorkerUrl(workerUrl)

export const mapKey: InjectionKey<ShallowRef<MapLibre | null>> = Symbol('map')
export const paletteKey: InjectionKey<ComputedRef<MapPalette>> = Symbol('palette')

/** The map around this layer. Layers are rendered only once it has loaded. */
export function useMap(): MapLibre {
  const map = inject(mapKey)?.value
  if (!map) throw new Error('A map layer must stand inside <OneMap>.')
  return map
}

/** Colours of the present theme. A layer is made anew when the theme changes (`OneMap`), so it need not watch them. */
export function usePalette(): MapPalette {
  const palette = inject(paletteKey)?.value
  if (!palette) throw new Error('A map layer must stand inside <OneMap>.')
  return palette
}

/** Levels from the ground up. A layer is put under its level's mark, so that the order of mounting does not matter. */
export const LEVELS = ['areas', 'lines', 'reach', 'routes', 'officers', 'alerts', 'labels'] as const
export type Level = (typeof LEVELS)[number]
export const markOf = (level: Level) => `mark-${level}`

/** Without a `glyphs` address MapLibre draws text from fonts of the page: nothing is fetched. */
export const FONT = 'Noto Sans SC Variable'

/** The empty style: ground colour and one invisible mark a level. */
export function baseStyle(palette: MapPalette): StyleSpecification {
  return {
    version: 8,
    sources: {},
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': palette.ground } },
      ...LEVELS.map((level) => ({
        id: markOf(level),
        type: 'background' as const,
        layout: { visibility: 'none' as const },
      })),
    ],
  }
}

export interface TestHook {
  map: MapLibre
  /** Fulfilled when everything on the map is drawn and nothing moves. */
  readonly idle: Promise<void>
  /** What is drawn beside the map's own sources, by layer. */
  readonly drawn: Map<string, () => Feature[]>
}

declare global {
  interface Window {
    __onemap?: TestHook
  }
}

/** Let browser tests find the map and wait for it. Returns what takes the hook away again. */
export function exposeForTests(map: MapLibre): () => void {
  const hook: TestHook = {
    map,
    drawn: new Map(),
    get idle() {
      return new Promise<void>((resolve) => {
        map.once('idle', () => resolve())
        map.triggerRepaint()
      })
    },
  }
  window.__onemap = hook
  return () => {
    if (window.__onemap === hook) delete window.__onemap
  }
}
