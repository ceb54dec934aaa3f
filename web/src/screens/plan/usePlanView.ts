/**
 * What the planning page shows is in its address: the region, the open scenario and the one it is compared with, the
 * panel, how the map is coloured, and where it is. So a view can be sent to a colleague, and back does what people expect.
 */
import { computed } from 'vue'
import { type LocationQueryRaw, useRoute, useRouter } from 'vue-router'
import { useMapInAddress } from '@/map/useMapInAddress'
import { useRegionInAddress } from '../useRegionInAddress'

export const TABS = ['figures', 'late', 'stations', 'siting', 'compare'] as const
export type Tab = (typeof TABS)[number]
export const MODES = ['cells', 'roads', 'areas'] as const
export type Mode = (typeof MODES)[number]

export function usePlanView() {
  const route = useRoute()
  const router = useRouter()
  const { home, region } = useRegionInAddress()
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

  /** Keep the address where the map is, and the map where the address says. Answers whether it said anything. */
  const follow = useMapInAddress((at) => go(at, false))

  return { home, region, openId, withId, tab, mode, pick, open, leave, compareWith, show, colour, follow }
}
