/** Addresses of the lists behind the numbers that the wall counts itself; those of records come with their figures. */
import { withQuery } from '@/api'

/** What a click on a number asks for. */
export interface RecordsRequest {
  /** What is counted, as the figure is labelled. */
  title: string
  /** Lists that make up the number, one after another. */
  hrefs: string[]
  /** The number that was clicked, and what of the answer it is. */
  value: number
  counts: string
}

export const enterprisesOf = (region: string, filter: Record<string, string>): string =>
  withQuery('/api/layers/enterprises/features', { region, ...filter })

/** Open alerts; drills are alerts too, and say so. */
export const alertsOf = (region: string, filter: Record<string, string>): string =>
  withQuery('/api/layers/alerts/features', { region, ...filter })

export const officersOf = (region: string, status: string): string => withQuery('/api/officers', { region, status })
