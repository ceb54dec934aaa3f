/**
 * What the desk shows is in its address: the open alert, the moment of a replay, the filter of the queue, the layers,
 * and where the map is. So a view can be sent to a colleague, and back and forward do what people expect.
 */
import { computed, watch } from 'vue'
import { type LocationQueryRaw, useRoute, useRouter } from 'vue-router'
import { useMapInAddress } from '@/map/useMapInAddress'
import { useMapLayers } from '@/stores/mapLayers'
import { filterFrom, type QueueFilter, queryOf } from '@/stores/queueFilter'

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

  /** Keep the address where the map is, and the map where the address says. Answers whether it said anything. */
  const follow = useMapInAddress((at) => go(at, false))

  return { openId, replayAt, filter, open, leave, openReplay, leaveReplay, noteReplay, setFilter, holdLayers, follow }
}
