/** The finished scenario that is open: its figures, what the map shows of it, and whom nobody reaches, page by page. */
import type { FeatureCollection } from 'geojson'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { type CoverageJobWithResult, type CoverageResult, isAbort, type UncoveredPage, useApi } from '@/api'

export const PAGE = 50

export const useScenario = defineStore('scenario', () => {
  const api = useApi()
  const id = ref<number | null>(null)
  const job = shallowRef<CoverageJobWithResult | null>(null)
  const cells = shallowRef<FeatureCollection | null>(null)
  const areas = shallowRef<FeatureCollection | null>(null)
  const error = shallowRef<unknown>(null)
  const late = shallowRef<UncoveredPage | null>(null)
  const lateError = shallowRef<unknown>(null)
  /** Where each page of the list begins; the last one is shown. */
  const cursors = ref<(string | undefined)[]>([undefined])
  const minutes = ref<number | null>(null)
  const region = ref('')
  let running: AbortController | null = null
  let listing: AbortController | null = null

  const result = computed<CoverageResult | null>(() => (job.value?.result?.kind === 'coverage' ? job.value.result : null))
  const page = computed(() => cursors.value.length)

  /** Open a scenario that is done. The figures come first; the map follows. */
  async function open(wanted: number): Promise<void> {
    close()
    const mine = (running = new AbortController())
    id.value = wanted
    try {
      const found = await api.coverageJob(wanted, { signal: mine.signal })
      if (running !== mine) return
      job.value = found
      minutes.value = result.value?.minutes[0] ?? null
      if (!result.value) return
      void list()
      const [drawnCells, drawnAreas] = await Promise.all([
        api.coverageCells(wanted, { signal: mine.signal }),
        api.coverageAreas(wanted, { signal: mine.signal }),
      ])
      if (running !== mine) return
      cells.value = drawnCells
      areas.value = drawnAreas
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    }
  }

  function close(): void {
    running?.abort()
    listing?.abort()
    running = listing = null
    id.value = job.value = cells.value = areas.value = error.value = late.value = lateError.value = minutes.value = null
    cursors.value = [undefined]
    region.value = ''
  }

  /** The page of the list that `cursors` says. */
  async function list(): Promise<void> {
    listing?.abort()
    if (id.value === null || minutes.value === null) return
    const mine = (listing = new AbortController())
    const query = { minutes: minutes.value, limit: PAGE, ...(region.value ? { region: region.value } : {}), ...cursorOf() }
    try {
      const found = await api.uncovered(id.value, query, { signal: mine.signal })
      if (listing !== mine) return
      late.value = found
      lateError.value = null
    } catch (problem) {
      if (listing === mine && !isAbort(problem)) lateError.value = problem
    }
  }

  const cursorOf = () => {
    const cursor = cursors.value.at(-1)
    return cursor === undefined ? {} : { cursor }
  }

  /** Only those not reached in `within` minutes, of a county or city (empty: everywhere). */
  async function narrow(within: number, part: string): Promise<void> {
    minutes.value = within
    region.value = part
    cursors.value = [undefined]
    await list()
  }

  async function turn(step: 1 | -1): Promise<void> {
    if (step === 1 && late.value?.next) cursors.value = [...cursors.value, late.value.next]
    else if (step === -1 && page.value > 1) cursors.value = cursors.value.slice(0, -1)
    else return
    await list()
  }

  return { id, job, result, cells, areas, error, late, lateError, minutes, region, page, open, close, list, narrow, turn }
})
