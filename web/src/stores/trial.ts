/**
 * What if: stations of the open scenario moved, added or left out, counted again at once.
 *
 * Only the newest wish matters: while an answer is awaited the next one waits, and of those that wait the last is asked.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { type Changes, type CoverageOrigin, type CoverageTrial, type Scenario, useApi } from '@/api'

export type Lonlat = readonly [lon: number, lat: number]

const NONE: Changes = { moved: [], added: [], left_out: [] }
/** About a metre: nobody drags more finely, and addresses stay short. */
const rounded = (degrees: number) => Math.round(degrees * 1e5) / 1e5

export const useTrial = defineStore('trial', () => {
  const api = useApi()
  const scenario = ref<number | null>(null)
  /** The states before, the oldest first. */
  const before = shallowRef<Changes[]>([])
  const changes = shallowRef(NONE)
  const answer = shallowRef<CoverageTrial | null>(null)
  const error = shallowRef<unknown>(null)
  /** How long the last answer took, from the wish to the figures (milliseconds). */
  const tookMs = ref<number | null>(null)
  const asking = ref(false)
  let origins: readonly CoverageOrigin[] = []

  const isChanged = computed(() => changes.value.moved.length + changes.value.added.length + changes.value.left_out.length > 0)
  /** The changes that the answer is about, as the tiles of the roads want them; null without any. */
  const shown = shallowRef<string | null>(null)
  const originsNow = computed(() => placed(origins, changes.value))

  /** Begin with the origins of a scenario. */
  function start(id: number | null, from: readonly CoverageOrigin[]): void {
    scenario.value = id
    origins = from
    before.value = []
    changes.value = { ...NONE }
    answer.value = error.value = tookMs.value = shown.value = null
  }

  /** Have the server ready for the first wish: it reads the scenario then, which takes longer than to count. */
  async function prepare(): Promise<void> {
    const id = scenario.value
    if (id !== null) await api.tryCoverage(id, NONE).catch(() => undefined) // the wish itself will say what is wrong
  }

  function change(next: Partial<Changes>, remember = true): Promise<void> {
    if (remember) before.value = [...before.value, changes.value]
    changes.value = { ...changes.value, ...next }
    return ask()
  }

  /** Stand somewhere else. While it is dragged (`remember` false) the way there is not to be taken back step by step. */
  function move(id: number, [lon, lat]: Lonlat, remember = true): Promise<void> {
    const place = { id, lon: rounded(lon), lat: rounded(lat) }
    return change({ moved: [...changes.value.moved.filter((one) => one.id !== id), place] }, remember)
  }

  const add = ([lon, lat]: Lonlat) => change({ added: [...changes.value.added, [rounded(lon), rounded(lat)]] })
  const leaveOut = (id: number) => change({ left_out: [...changes.value.left_out.filter((one) => one !== id), id] })

  async function undo(): Promise<void> {
    const last = before.value.at(-1)
    if (!last) return
    before.value = before.value.slice(0, -1)
    changes.value = last
    await ask()
  }

  const reset = () => start(scenario.value, origins)

  async function ask(): Promise<void> {
    if (asking.value || scenario.value === null) return
    asking.value = true
    try {
      for (;;) {
        const id: number | null = scenario.value
        const wanted = changes.value
        const began = performance.now()
        if (id === null) return
        if (!isChanged.value) {
          answer.value = shown.value = null
        } else {
          const found = await api.tryCoverage(id, wanted)
          if (scenario.value === id && isChanged.value) {
            answer.value = found
            shown.value = JSON.stringify(wanted)
            tookMs.value = performance.now() - began
          }
        }
        error.value = null
        if (scenario.value === id && changes.value === wanted) return
      }
    } catch (problem) {
      error.value = problem
    } finally {
      asking.value = false
    }
  }

  return { scenario, changes, answer, error, asking, tookMs, shown, isChanged, before, originsNow, start, prepare, move, add, leaveOut, undo, reset }
})

/** Origins as the server will place them: new ones get the next negative number. */
export function placed(origins: readonly CoverageOrigin[], { moved, added, left_out }: Changes): CoverageOrigin[] {
  const already = origins.filter(({ id }) => id < 0).length
  const fresh = added.map(([lon, lat], i) => ({ id: -(already + i + 1), name: `+${already + i + 1}`, lon, lat, off_road: false }))
  const at = new Map(moved.map((one) => [one.id, one]))
  return [...origins, ...fresh].filter(({ id }) => !left_out.includes(id)).map((one) => ({ ...one, ...at.get(one.id) }))
}

/** The question of a scenario with more changes on top of those it has: what is tried, as a scenario of its own. */
export function withChanges(scenario: Scenario, more: Changes, name: string): Scenario {
  const { moved = [], added = [], left_out = [] } = scenario.changes ?? {}
  const moves = new Map([...moved, ...(more.moved ?? [])].map((one) => [one.id, one]))
  return {
    ...scenario,
    name,
    changes: { moved: [...moves.values()], added: [...added, ...(more.added ?? [])], left_out: [...new Set([...left_out, ...(more.left_out ?? [])])] },
  }
}
