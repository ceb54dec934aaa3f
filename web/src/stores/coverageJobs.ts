/** Scenarios and sitings of one's area: asked for, followed while they are worked on, named and taken off the list. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { type CoverageJob, type Scenario, type Siting, useApi } from '@/api'

const UNFINISHED: readonly CoverageJob['state'][] = ['queued', 'running']
const SOON_MS = 500
const SELDOM_MS = 15_000
const MOST = 200

export const isUnfinished = ({ state }: CoverageJob) => UNFINISHED.includes(state)

export const useCoverageJobs = defineStore('coverageJobs', () => {
  const api = useApi()
  const rows = shallowRef<CoverageJob[]>([])
  const loaded = ref(false)
  const error = shallowRef<unknown>(null)

  const scenarios = computed(() => rows.value.filter(({ kind }) => kind === 'coverage'))
  const done = computed(() => scenarios.value.filter(({ state }) => state === 'done'))
  const sitingsOf = (id: number) => rows.value.filter(({ parent_id }) => parent_id === id)
  const byId = (id: number | null) => rows.value.find((row) => row.id === id) ?? null

  async function load(): Promise<void> {
    try {
      rows.value = (await api.coverageJobs({ limit: MOST })).items
      loaded.value = true
      error.value = null
    } catch (problem) {
      error.value = problem
    }
  }

  async function ask(scenario: Scenario): Promise<number> {
    const { id } = await api.askCoverage(scenario)
    await load()
    return id
  }

  async function askSiting(parent: number, siting: Siting): Promise<number> {
    const { id } = await api.askSiting(parent, siting)
    await load()
    return id
  }

  async function rename(id: number, name: string): Promise<void> {
    const renamed = await api.renameCoverage(id, name)
    rows.value = rows.value.map((row) => (row.id === id ? renamed : row))
  }

  /** End a job that is not finished; one that ended a moment before keeps what it found. */
  async function cancel(id: number): Promise<void> {
    await api.cancelCoverage(id)
    await load()
  }

  /** Take one that is over off the list. */
  async function remove(id: number): Promise<void> {
    await api.removeCoverage(id)
    await load()
  }

  /** Ask again and again, often while something is worked on. Returns what ends it. */
  function follow(): () => void {
    let timer: number | undefined
    let ended = false
    async function look(): Promise<void> {
      await load()
      if (!ended) timer = window.setTimeout(look, rows.value.some(isUnfinished) ? SOON_MS : SELDOM_MS)
    }
    void look()
    return () => {
      ended = true
      window.clearTimeout(timer)
    }
  }

  /** Ask at once and again soon: something was just put into the queue while `follow` sleeps. */
  async function until(id: number, isOver: (job: CoverageJob) => boolean): Promise<CoverageJob | null> {
    for (;;) {
      const job = byId(id)
      if (!job || isOver(job)) return job
      await new Promise((resolve) => window.setTimeout(resolve, SOON_MS))
      await load()
    }
  }

  return { rows, loaded, error, scenarios, done, sitingsOf, byId, load, ask, askSiting, rename, cancel, remove, follow, until }
})
