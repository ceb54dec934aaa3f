/** The area that a page shows (`region` in the address), within that of whoever is signed in. */
import { computed, type ComputedRef } from 'vue'
import { useRoute } from 'vue-router'
import { prefixOf } from '@/stores/regions'
import { useSession } from '@/stores/session'

export interface RegionInAddress {
  /** Prefix of the area that is shown. */
  region: ComputedRef<string>
  /** Prefix of the area of whoever is signed in. */
  home: ComputedRef<string>
}

export function useRegionInAddress(): RegionInAddress {
  const route = useRoute()
  const session = useSession()
  const home = computed(() => prefixOf(session.user?.region ?? ''))
  const region = computed(() => {
    const asked = prefixOf(String(route.query.region ?? ''))
    return /^\d{2}(\d\d){0,2}$/.test(asked) && asked.startsWith(home.value) ? asked : home.value
  })
  return { region, home }
}
