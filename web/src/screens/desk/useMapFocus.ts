/** Where the desk's map looks: at the address's view, at the open alert, at all alerts, or along with an officer. */
import type { Map as MapLibre } from 'maplibre-gl'
import { computed, type Ref, ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Alert, Found } from '@/api'
import { showAll, showReach } from '@/map/fly'
import { useAlerts } from '@/stores/alerts'
import { useNotices } from '@/stores/notices'
import { useRegions } from '@/stores/regions'
import { RADIUS_M, useResponders } from '@/stores/responders'
import { useSession } from '@/stores/session'
import { useUnderWay } from '@/stores/underWay'

/** `followAddress` keeps map and address together and answers whether the address said where to look. */
export function useMapFocus(openId: Readonly<Ref<number | null>>, opened: Readonly<Ref<Alert | null>>, followAddress: (map: MapLibre) => boolean) {
  const { t } = useI18n()
  const alerts = useAlerts()
  const notices = useNotices()
  const regions = useRegions()
  const responders = useResponders()
  const session = useSession()
  const underWay = useUnderWay()

  const map = shallowRef<MapLibre | null>(null)
  /** The assignment whose officer the map follows. */
  const following = ref<number | null>(null)
  /** The address said where to look. */
  let isTold = false
  /** The alert of the address, which came with a view of its own and is not here yet. */
  let toldFor: number | null = null

  /** Bring the open alert and its circle into view. */
  function frame(): void {
    if (opened.value && map.value && opened.value.id !== toldFor) showReach(map.value, opened.value.lon, opened.value.lat, responders.radiusM ?? RADIUS_M)
    toldFor = null
  }

  watch(() => responders.range, frame)

  /** All open alerts; without any, one's own area. */
  function frameAll(): void {
    if (!map.value || openId.value !== null || isTold) return
    const box = regions.boundsOf(session.user?.region ?? '')
    if (alerts.open.length > 0) showAll(map.value, alerts.open.map(({ lon, lat }) => [lon, lat] as const), 90)
    else if (box) map.value.fitBounds(box, { padding: 40, duration: 0 })
  }
  watch(() => [regions.province, regions.cities, regions.counties, alerts.loaded], frameAll)

  function onReady(ready: MapLibre): void {
    map.value = ready
    ready.on('dragstart', () => (following.value = null)) // somebody wants to look elsewhere
    isTold = followAddress(ready)
    toldFor = isTold && !opened.value ? openId.value : null
    if (isTold) return
    if (opened.value) frame()
    else frameAll()
  }

  const followed = computed(() => (following.value === null ? null : underWay.byAssignment.get(following.value)))
  watch(followed, (arrival) => {
    if (arrival?.lon != null && arrival.lat !== null) map.value?.easeTo({ center: [arrival.lon, arrival.lat], duration: 800 })
    else if (!arrival && underWay.answeredAt !== null) following.value = null
  })

  /** Fly to what a search has found. */
  function goTo({ type, id, lon, lat }: Found): void {
    const box = type === 'region' ? regions.boundsOf(String(id).replace(/(00)+$/, '')) : null
    if (box) map.value?.fitBounds(box, { padding: 40 })
    else if (lon === null || lat === null) notices.say('info', t('search.noPlace'))
    else map.value?.flyTo({ center: [lon, lat], zoom: Math.max(15, map.value.getZoom()), essential: true })
  }

  return { map, following, frame, onReady, goTo }
}
