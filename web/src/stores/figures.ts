/** What the wall says of an area that does not come over the feed: enforcement figures, and counts of what is regulated. */
import { defineStore } from 'pinia'
import { type Overview, type Period, type Statistics, useApi } from '@/api'
import { type Answer, useAnswers } from './answers'

/** Figures are sums over records that come in all day; a question costs the server milliseconds. */
const OVERVIEW_FRESH_MS = 30_000
const COUNTS_FRESH_MS = 120_000

/** What the wall counts, and by which property of the layer. */
export const COUNTED = ['enterprises tag', 'enterprises risk', 'enterprises credit', 'points state', 'stations level'] as const
export type Counted = (typeof COUNTED)[number]

export const useFigures = defineStore('figures', () => {
  const api = useApi()

  const overviews = useAnswers<Overview>((key) => {
    const [region, period, on] = key.split(' ') as [string, Period, string]
    return api.overview({ region, period, on })
  })
  const counts = useAnswers<Statistics>((key) => {
    const [region, layer, by] = key.split(' ') as [string, string, string]
    return api.statistics(layer, by, { region })
  }, 192)

  const overviewKey = (region: string, period: Period, on: string) => [region, period, on].join(' ')

  const overview = (region: string, period: Period, on: string): Answer<Overview> =>
    overviews.get(overviewKey(region, period, on))
  const count = (region: string, what: Counted): Answer<Statistics> => counts.get(`${region} ${what}`)

  /** Have what is shown of an area; what is fresh is not asked again. */
  async function refresh(region: string, period: Period, on: string): Promise<void> {
    await Promise.all([
      overviews.askIfOlder(overviewKey(region, period, on), OVERVIEW_FRESH_MS),
      ...COUNTED.map((what) => counts.askIfOlder(`${region} ${what}`, COUNTS_FRESH_MS)),
    ])
  }

  return { overview, count, refresh }
})
