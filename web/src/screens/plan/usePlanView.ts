/**
 * What the planning page shows is in its address: the region, the open scenario and the one it is compared with, the
 * panel, how the map is coloured, and where it is. So a view can be sent to a colleague, and back does what people expect.
 */
import type { Map as MapLibre } from 'maplibre-gl'
import { computed, onBeforeUnmount, watch } from 'vue'
import { type LocationQueryRaw, useRoute, useRouter } from 'vue-router'
import { prefixOf } from '@/stores/regions'
import { useSession } from '@/stores/session'
import { readMapView, writeMapView } from '../desk/useDeskView'

export const TABS = ['figures', 'late', 'stations', 'siting', 'compare'] as const
export type Tab = (typeof TABS)[number]
export const MODES = ['cells', 'roads', 'areas'] as const
export type Mode = (typeof MODES)[number]

/** The map moves a lot; the address follows when it rests. */
const REST_MS = 400

export function usePlanView() {
  const route = useRoute()
  const router = useRouter()
  const session = useSession()

  const home = computed(() => prefixOf(session.user?.region ?? ''))
  const region = computed(() => {
    const asked = prefixOf(String(route.query.region ?? ''))
    return /^\d{2}(\d\d){0,2}$/.test(asked) && asked.startsWith(home.value) ? asked : home.value
  })
  const openId = computed(() => Number(route.query.scenario) || null)
  const withId = computed(() => Number(route.query.with) || null)
  const tab = computed(() => TABS.find((known) => known === route.query.tab) ?? TABS[0])
  const mode = computed(() => MODES.find((known) => known === route.query.map) ?? MODES[0])

  /** `isStep`: something that "back" should take back. */
  function go(change: LocationQueryRaw, isStep: boolean): void {
    const query = { ...route.query, ...change }
    void (isStep ? router.push({ query }) : router.replace({ query }))
  }

  const pick = (prefix: string) => go({ region: prefix === home.value ? undefined : prefix }, true)
  const open = (id: number, other?: number) => go({ scenario: id, with: other, tab: other ? 'compare' : undefined }, true)
  const leave = () => go({ scenario: undefined, with: undefined, tab: undefined }, true)
  const compareWith = (id: number | null) => go({ with: id ?? undefined, tab: 'compare' }, false)
  const show = (next: Tab) => go({ tab: next === TABS[0] ? undefined : next }, false)
  const colour = (next: Mode) => go({ map: next === MODES[0] ? undefined : next }, false)

  let stopFollowing = () => {}
  /** Keep the address where the map is, and the map where the address says. Answers whether it said anything. */
  function follow(map: MapLibre): boolean {
    let written = route.query.at
    let timer: number | undefined
    const jump = (text: unknown): boolean => {
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
    const unwatch = watch(() => route.query.at, (text) => text !== written && jump(text))
    stopFollowing = () => {
      window.clearTimeout(timer)
      map.off('moveend', onRest)
      unwatch()
    }
    return jump(route.query.at)
  }
  onBeforeUnmount(() => stopFollowing())

  return { home, region, openId, withId, tab, mode, pick, open, leave, compareWith, show, colour, follow }
}
