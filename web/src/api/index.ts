/** Every door of the server that the pages use, by name. */
import type { InjectionKey } from 'vue'
import type { FeatureCollection } from 'geojson'
import { inject } from 'vue'
import { Client, type Query, withQuery } from './client'
import type * as plan from './planTypes'
import { RecordingDoors } from './recordings'
import { RoomDoors } from './rooms'
import type * as t from './types'

export { COVERAGE_FILES } from './planTypes'
export type * from './planTypes'
export type * from './recordings'
export type * from './rooms'
export type * from './types'
export { ApiProblem, Client, isAbort, Unreachable, withQuery, withToken } from './client'

type Cancel = { signal?: AbortSignal }

export class Api {
  private readonly client: Client
  readonly recordings: RecordingDoors
  readonly rooms: RoomDoors

  constructor(client: Client = new Client()) {
    this.client = client
    this.recordings = new RecordingDoors(client)
    this.rooms = new RoomDoors(client)
  }

  session = () => this.client.get<t.Session>('/api/session')
  signIn = (username: string, password: string) =>
    this.client.post<t.Session & { token: string }>('/api/session', { username, password })
  signOut = () => this.client.delete<void>('/api/session')
  health = (cancel: Cancel = {}) => this.client.get<{ status: string }>('/api/health', cancel)

  alerts = (query: t.AlertQuery = {}, cancel: Cancel = {}) =>
    this.client.get<t.Page<t.Alert>>('/api/alerts', { query: { ...query }, ...cancel })
  alert = (id: number) => this.client.get<t.Alert>(`/api/alerts/${id}`)
  raise = (alert: t.NewAlert) => this.client.post<t.Alert>('/api/alerts', alert)
  acknowledge = (id: number, version: number) =>
    this.client.post<t.Alert>(`/api/alerts/${id}/acknowledge`, { version })
  close = (id: number, version: number, note: string) =>
    this.client.post<t.Alert>(`/api/alerts/${id}/close`, { version, note })
  responders = (id: number, query: { radius_m?: number; within_min?: number; limit?: number } = {}, cancel: Cancel = {}) =>
    this.client.get<t.Responders>(`/api/alerts/${id}/responders`, { query, ...cancel })
  assign = (id: number, offer: t.Offer) =>
    this.client.post<{ alert: t.Alert; assignments: t.Assignment[] }>(`/api/alerts/${id}/assignments`, offer)
  /** One plan for all alerts that wait. */
  jointPlan = (cancel: Cancel = {}) => this.client.get<t.JointPlan>('/api/dispatch/plan', cancel)
  confirmPlan = (assignments: t.PlannedAssignment[], note: string) =>
    this.client.post<{ items: { alert: t.Alert; assignments: t.Assignment[] }[] }>('/api/dispatch/plan', { assignments, note })
  timeline = (id: number, cancel: Cancel = {}) =>
    this.client.get<t.Page<t.TimelineEvent>>(`/api/alerts/${id}/timeline`, cancel)

  /** By default the beginning of the alert. */
  replay = (id: number, window: { from?: string; to?: string } = {}, cancel: Cancel = {}) =>
    this.client.get<t.Replay>(`/api/alerts/${id}/replay`, { query: window, ...cancel })
  /** When everybody who was sent will be there. */
  underWay = (cancel: Cancel = {}) => this.client.get<{ items: t.Arrival[] }>('/api/dispatch/under-way', cancel)
  reach = (at: [number, number], query: { radius_m?: number; within_min?: number; limit?: number }, cancel: Cancel = {}) =>
    this.client.get<t.Reach>('/api/reach', { query: { at: at.join(','), ...query }, ...cancel })
  search = (q: string, cancel: Cancel = {}) => this.client.get<{ items: t.Found[] }>('/api/search', { query: { q, limit: 20 }, ...cancel })
  /** The newest records of one enterprise. */
  recordsOf = <List extends keyof t.BriefRecords>(list: List, enterpriseId: number, cancel: Cancel = {}) =>
    this.client.get<t.Page<t.BriefRecords[List]> & { total: number }>(`/api/${list}`, { query: { enterprise_id: enterpriseId, limit: 5 }, ...cancel })

  route = (from: [number, number], to: [number, number], cancel: Cancel = {}) =>
    this.client.get<t.Route>('/api/route', { query: { from: from.join(','), to: to.join(',') }, ...cancel })

  assignments = (query: { officer?: number; state?: string; limit?: number }) =>
    this.client.get<t.Page<t.Assignment>>('/api/assignments', { query })
  assignment = (id: number, cancel: Cancel = {}) => this.client.get<t.Assignment>(`/api/assignments/${id}`, cancel)
  step = (id: number, step: t.AssignmentStep, input: t.StepInput, cancel: Cancel = {}) =>
    this.client.post<t.Assignment>(`/api/assignments/${id}/${step}`, input, cancel)
  /** Sending the same `id` twice stores the picture once. */
  sendPhoto = (assignmentId: number, id: string, file: Blob, takenAt: string, cancel: Cancel = {}) => {
    const form = new FormData()
    form.set('id', id)
    form.set('taken_at', takenAt)
    form.set('file', file, `${id}.jpg`)
    return this.client.post<unknown>(`/api/assignments/${assignmentId}/photos`, form, cancel)
  }

  photos = (assignmentId: number) => this.client.get<t.Page<{ id: string }>>(`/api/assignments/${assignmentId}/photos`)

  officers = (query: { bbox?: string; status?: string; limit?: number } = {}) =>
    this.client.get<t.Page<t.Officer>>('/api/officers', { query })
  officer = (id: number) => this.client.get<t.Officer>(`/api/officers/${id}`)
  /** Where an officer has been; `from` and `to` as ISO 8601. */
  track = (id: number, from: string, to: string, cancel: Cancel = {}) =>
    this.client.get<t.Track>(`/api/officers/${id}/track`, { query: { from, to }, ...cancel })
  sources = () => this.client.get<{ items: t.Source[] }>('/api/sources')
  duty = (officerId: number, on: boolean, until: string | null) =>
    this.client.post<t.Duty>(`/api/officers/${officerId}/duty`, { on, until })
  sendFixes = (fixes: t.Fix[]) => this.client.post<t.FixesTaken>('/api/positions', fixes)

  readings = (pointId: number, query: { factor: string; from: string; to: string; period?: string }, cancel: Cancel = {}) =>
    this.client.get<t.Readings>(`/api/points/${pointId}/readings`, { query, ...cancel })
  layers = () => this.client.get<t.Page<t.Layer>>('/api/layers')
  /** `by`: `region`, or one of the layer's properties that can be counted. */
  statistics = (layer: string, by: string, filters: Query = {}, signal?: AbortSignal) =>
    this.client.get<t.Statistics>(`/api/layers/${layer}/stats`, { query: { by, ...filters }, signal })
  enterprise = (id: number, cancel: Cancel = {}) => this.client.get<t.Enterprise>(`/api/enterprises/${id}`, cancel)
  point = (id: number, cancel: Cancel = {}) => this.client.get<t.Point>(`/api/points/${id}`, cancel)

  closures = () => this.client.get<t.Page<t.Closure>>('/api/roads/closures', { query: { limit: 1000 } })
  closeRoad = (closure: t.NewClosure) =>
    this.client.post<t.Closure & { stretches: number; roads_version: string }>('/api/roads/closures', closure)
  reopenRoad = (id: number) => this.client.delete<void>(`/api/roads/closures/${id}`)

  speeds = () => this.client.get<t.Speeds>('/api/roads/speeds')
  setSpeeds = (speeds: t.NewSpeeds) => this.client.put<t.Speeds>('/api/roads/speeds', speeds)

  overview = (query: { region: string; period: t.Period; on: string }) =>
    this.client.get<t.Overview>('/api/overview', { query })
  /** One page of the list behind a figure: `href` with its filters, as the server or a screen wrote it. */
  records = (href: string, page: { limit: number; cursor?: string }, cancel: Cancel = {}) =>
    this.client.get<t.RecordPage>(href, { query: page, ...cancel })

  coverageJobs = (query: { limit?: number; mine?: boolean } = {}, cancel: Cancel = {}) =>
    this.client.get<t.Page<plan.CoverageJob>>('/api/coverage', { query, ...cancel })
  coverageJob = (id: number, cancel: Cancel = {}) => this.client.get<plan.CoverageJobWithResult>(`/api/coverage/${id}`, cancel)
  askCoverage = (scenario: plan.Scenario) => this.client.post<{ id: number }>('/api/coverage', scenario)
  askSiting = (id: number, siting: plan.Siting) => this.client.post<{ id: number }>(`/api/coverage/${id}/siting`, siting)
  renameCoverage = (id: number, name: string) => this.client.patch<plan.CoverageJob>(`/api/coverage/${id}`, { name })
  /** End an unfinished job; take one that is over off the list. */
  cancelCoverage = (id: number) => this.client.post<plan.CoverageJob>(`/api/coverage/${id}/cancel`)
  removeCoverage = (id: number) => this.client.delete<void>(`/api/coverage/${id}`)
  coverageCells = (id: number, cancel: Cancel = {}) => this.client.get<FeatureCollection>(`/api/coverage/${id}/cells`, cancel)
  coverageAreas = (id: number, cancel: Cancel = {}) => this.client.get<FeatureCollection>(`/api/coverage/${id}/areas`, cancel)
  uncovered = (id: number, query: { minutes?: number; region?: string; limit?: number; cursor?: string }, cancel: Cancel = {}) =>
    this.client.get<plan.UncoveredPage>(`/api/coverage/${id}/uncovered`, { query, ...cancel })
  compareCoverage = (id: number, other: number, cancel: Cancel = {}) =>
    this.client.get<plan.CoverageComparison>(`/api/coverage/${id}/compare`, { query: { with: other }, ...cancel })
  /** The figures of a finished scenario with some origins changed; nothing is kept. */
  tryCoverage = (id: number, changes: plan.Changes, cancel: Cancel = {}) =>
    this.client.post<plan.CoverageTrial>(`/api/coverage/${id}/trial`, changes, cancel)

  /** What an area loses in reach when these officers are sent. */
  costOfSending = (alertId: number, officerIds: readonly number[], cancel: Cancel = {}) =>
    this.client.get<plan.SendingCost>(`/api/alerts/${alertId}/cost`, { query: { officer_ids: officerIds.join(',') }, ...cancel })
  coverageNow = (cancel: Cancel = {}) => this.client.get<plan.CoverageNow>('/api/coverage-now', cancel)
  standBy = (region: string, cancel: Cancel = {}) => this.client.get<plan.StandByAnswer>('/api/standby', { query: { region }, ...cancel })

  regions = (query: { level: t.RegionLevel; parent?: string; limit?: number }) =>
    this.client.get<t.Page<t.Region>>('/api/regions', { query })
}

/** Where the browser finds the rows of a layer in a box (west, south, east, north) as a file. */
export const exportUrl = (layer: string, format: 'csv' | 'gpkg', bbox: readonly number[], filters: Query = {}) =>
  withQuery(`/api/layers/${layer}/export`, { ...filters, format, bbox: bbox.map((degrees) => degrees.toFixed(6)).join(',') })

/** Where the browser finds a finished scenario as a file. */
export const coverageFileUrl = (id: number, file: plan.CoverageFile) => `/api/coverage/${id}/${file}`

/** Where the map finds the roads by minutes, with the same changes as a trial's. */
export const coverageRoadsUrl = (id: number, changes: string | null) =>
  `/api/coverage/${id}/roads/{z}/{x}/{y}.mvt${changes === null ? '' : `?changes=${encodeURIComponent(changes)}`}`

/** Where the browser finds a picture from the scene. */
export const photoUrl = (id: string) => `/api/photos/${id}`

export const apiKey: InjectionKey<Api> = Symbol('api')

/** The API the app was started with. */
export function useApi(): Api {
  const api = inject(apiKey)
  if (!api) throw new Error('The app was started without an API: app.provide(apiKey, new Api()).')
  return api
}
