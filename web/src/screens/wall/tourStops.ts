/** The round of an unattended wall: one's own area over each period and in each topic, then part after part. */
import type { Period } from '@/api'

export const PERIODS = ['month', 'quarter', 'year'] as const satisfies readonly Period[]

/** What the map shows beneath alerts and officers: figures by area, or a layer of the catalogue. */
export const TOPICS = ['inspections', 'enterprises', 'points', 'stations'] as const
export type Topic = (typeof TOPICS)[number]

export interface TourStop {
  region: string
  period: Period
  topic: Topic
}

export function tourStops(home: string, parts: readonly string[]): TourStop[] {
  if (home === '') return []
  return [
    ...PERIODS.map((period) => ({ region: home, period, topic: TOPICS[0] })),
    ...TOPICS.slice(1).map((topic) => ({ region: home, period: PERIODS[0], topic })),
    ...parts.map((region, i) => ({ region, period: PERIODS[0], topic: TOPICS[i % 2]! })),
  ]
}
