/** What the wall shows and over what time: all of it stands in the address, so that a view can be shared and survives a reload. */
import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { Period } from '@/api'
import { type RegionInAddress, useRegionInAddress } from '../useRegionInAddress'
import { PERIODS, type Topic, TOPICS, type TourStop } from './tourStops'

export interface Place extends RegionInAddress {
  period: ComputedRef<Period>
  topic: ComputedRef<Topic>
  /** Somebody wants the wall to stay where it is. */
  pinned: ComputedRef<boolean>
  go: (to: Partial<TourStop> & { pinned?: boolean }) => void
  /** To the area around; at home there is none. */
  up: () => void
}

export function usePlace(): Place {
  const route = useRoute()
  const router = useRouter()
  const { home, region } = useRegionInAddress()
  const period = computed(() => PERIODS.find((known) => known === route.query.period) ?? PERIODS[0])
  const topic = computed(() => TOPICS.find((known) => known === route.query.topic) ?? TOPICS[0])
  const pinned = computed(() => route.query.tour === 'off')

  function go(to: Partial<TourStop> & { pinned?: boolean }): void {
    const next = { region: region.value, period: period.value, topic: topic.value, pinned: pinned.value, ...to }
    const query = {
      ...route.query,
      region: next.region === home.value ? undefined : next.region,
      period: next.period === PERIODS[0] ? undefined : next.period,
      topic: next.topic === TOPICS[0] ? undefined : next.topic,
      tour: next.pinned ? 'off' : undefined,
    }
    void router.replace({ query })
  }

  function up(): void {
    if (region.value.length > home.value.length) go({ region: region.value.slice(0, -2) })
  }

  return { region, home, period, topic, pinned, go, up }
}
