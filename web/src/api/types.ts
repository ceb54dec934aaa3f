/**
 * The shapes of the public contract, version 1.
 *
 * Longitude comes before latitude, everything is WGS84, lengths are metres, durations seconds, times ISO 8601.
 */
import type { Geometry, LineString } from 'geojson'

export type Role = 'duty' | 'dispatcher' | 'officer' | 'planner' | 'expert' | 'admin'

/** A sentence in both languages, written by the server because only it knows the figures in it. */
export interface Bilingual {
  zh: string
  en: string
}

export interface Page<Row> {
  items: Row[]
  next: string | null
}

export interface User {
  username: string
  display_name: string
  role: Role
  /** A GB/T 2260 prefix: 37, 3707 or 370705. */
  region: string
  region_name: string
  officer_id: number | null
}

export interface Session {
  /** Nobody is signed in: null. */
  user: User | null
  /** Whether the records are the demonstration world; every screen says so. */
  demo: boolean
}

export type AlertKind = 'pollution_source' | 'environment_quality' | 'enforcement_task' | 'manual'
export type AlertStatus = 'raised' | 'acknowledged' | 'closed'
/** 1 is the gravest. */
export type AlertLevel = 1 | 2 | 3 | 4

export interface Alert {
  id: number
  kind: AlertKind
  level: AlertLevel
  status: AlertStatus
  title: string
  lon: number
  lat: number
  region: string
  region_name: string | null
  point_id: number | null
  point_name: string | null
  enterprise_id: number | null
  enterprise_name: string | null
  factor: string | null
  factor_name: Bilingual | null
  period: string | null
  value: number | null
  worst_value: number | null
  limit_low: number | null
  limit_high: number | null
  limit_source: string | null
  unit: string | null
  reading_at: string | null
  reading_count: number
  raised_at: string
  raised_by: string
  acknowledged_at: string | null
  acknowledged_by: string | null
  closed_at: string | null
  closed_by: string | null
  close_note: string | null
  drill: boolean
  version: number
  assignments: Assignment[]
}

/** What a list of alerts may be asked for; `from` and `to` are about when they were raised. */
export interface AlertQuery {
  status?: AlertStatus | 'open'
  kind?: AlertKind
  level?: AlertLevel
  region?: string
  q?: string
  since?: string
  from?: string
  to?: string
  limit?: number
  cursor?: string
}

export type AssignmentState = 'offered' | 'accepted' | 'declined' | 'departed' | 'arrived' | 'finished' | 'cancelled'
export type AssignmentStep = 'accept' | 'decline' | 'depart' | 'arrive' | 'finish' | 'cancel'

/** As much of an alert as an officer's phone needs to find the place. */
export type AlertBrief = Pick<
  Alert,
  'id' | 'title' | 'kind' | 'level' | 'status' | 'lon' | 'lat' | 'region' | 'drill' | 'point_name' | 'enterprise_name'
>

export interface Assignment {
  id: number
  alert_id: number
  officer_id: number | null
  officer_name: string
  state: AssignmentState
  note: string
  /** Why not the first of the list. */
  override_reason: string | null
  travel_time_s: number | null
  distance_m: number | null
  offered_at: string
  offered_by: string
  expires_at: string
  accepted_at: string | null
  declined_at: string | null
  decline_reason: string | null
  departed_at: string | null
  arrived_at: string | null
  finished_at: string | null
  cancelled_at: string | null
  cancel_reason: string | null
  report: string | null
  version: number
  /** What the officer may do now, and what the desk may do. */
  next_steps: AssignmentStep[]
  desk_steps: AssignmentStep[]
  alert: AlertBrief
}

export type ResponderStatus = 'free' | 'busy' | 'stale'

export interface Reason {
  code: string
  text: Bilingual
}

export interface RouteStep {
  name: string | null
  road_class: string
  distance_m: number
  travel_time_s: number
}

export interface Responder {
  officer_id: number
  name: string
  organisation: string
  level: string
  skills: string[]
  phone: string | null
  lon: number
  lat: number
  /** Along the ellipsoid. */
  distance_m: number
  /** By road; null when no road leads there. */
  travel_time_s: number | null
  road_distance_m: number | null
  /** On foot between road and place, part of the travel time. */
  walk_s: number
  position_age_s: number
  accuracy_m: number | null
  status: ResponderStatus
  /** `possible`: an old position outside the radius, whose officer could be inside by now. */
  certainty: 'inside' | 'possible'
  reasons: Reason[]
  route: LineString | null
  steps: RouteStep[] | null
}

/** Who is asked about: all within a radius, or all within minutes by road. */
export type RankRange = { radius_m: number } | { within_min: number }

export interface Responders {
  alert_id: number
  origin: { lon: number; lat: number }
  /** Null where only the time counts. */
  radius_m: number | null
  within_min: number | null
  roads_version: string
  computed_ms: number
  /** Everyone within the radius, also those beyond the limit of the list. */
  in_range: number
  /** Those who are only possibly within it. */
  possible: number
  /** The officer to call now: free, reachable, and has not declined this alert. */
  recommended: number | null
  responders: Responder[]
}

/** The way by road between two places. */
export interface Route {
  roads_version: string
  /** The walk between the road and the place included. */
  travel_time_s: number
  road_distance_m: number
  walk_s: number
  route: LineString
  steps: RouteStep[]
}

export interface TimelineEvent {
  seq: number
  at: string
  kind: string
  subject: string
  region: string
  actor: string
  data: Record<string, unknown>
}

/** What changes when an officer goes on or off duty. */
export type Duty = Pick<Officer, 'id' | 'name' | 'region' | 'on_duty' | 'duty_until' | 'version'>

export type OfficerStatus = 'free' | 'busy' | 'stale' | 'off_duty'

export interface Officer {
  id: number
  name: string
  organisation: string
  level: string
  /** Not known of somebody who has just come on duty. */
  phone?: string | null
  certificate_valid_to?: string | null
  status: OfficerStatus
  on_duty: boolean
  duty_until: string | null
  lon: number | null
  lat: number | null
  at: string | null
  position_age_s: number | null
  accuracy_m: number | null
  speed_mps: number | null
  heading: number | null
  region: string
  version: number
}

/** A position as a phone reports it. */
export interface Fix {
  lon: number
  lat: number
  at: string
  accuracy_m: number | null
  speed_mps: number | null
  heading: number | null
  battery_pct?: number | null
}

/** What became of a batch of positions; `index` is the place in the batch. */
export interface FixesTaken {
  accepted: number
  refused: { index: number; reason: string }[]
}

export interface Reading {
  at: string
  value: number | null
  /** At reference oxygen; it is the one that is judged when there is one. */
  converted: number | null
  flag: string | null
}

export interface Readings {
  items: Reading[]
  factor: string
  unit: string | null
  limit: { low: number | null; high: number | null; source: string | null } | null
}

export type RegionLevel = 'province' | 'city' | 'county'

export interface Region {
  adcode: string
  name: string
  level: RegionLevel
  parent: string | null
  /** A place inside, for the name. */
  lon: number
  lat: number
  geometry: Geometry | null
}

/** How features with `value` of `property` are drawn; without a property, the look of the whole layer. */
export interface LegendEntry {
  property: string | null
  value: string | null
  title: Bilingual
  colour: string
}

/** An entry of the catalogue of layers. */
export interface Layer {
  id: string
  title: Bilingual
  legend: LegendEntry[]
  /** Address of its vector tiles with {z}, {x} and {y}; null when it has none. */
  tiles: string | null
  min_zoom: number
  max_zoom: number
  /** Below this zoom its tiles hold H3 cells with counts, from it on single rows. */
  single_from: number
  vector_layers: string[]
  /** What narrows it, and the values that each filter knows. */
  filters: { id: string; title: Bilingual; choices: { value: string; title: Bilingual }[] }[]
}

/** How many rows a layer has in an area, in all and by a property. */
export interface Statistics {
  total: number
  /** Time of the newest data in the layer. */
  as_of: string | null
  items: { key: string; name: string | null; count: number }[]
}

export interface Enterprise {
  id: number
  uscc: string
  name: string
  address: string | null
  industry: string
  tags: string[]
  risk: 'low' | 'medium' | 'high'
  credit: 'green' | 'blue' | 'yellow' | 'black'
  permit_class: string | null
  lon: number
  lat: number
  permit_number: string | null
  permit_valid_to: string | null
}

export interface Point {
  id: number
  code: string
  name: string
  kind: string
  enterprise_name: string | null
  standard: string | null
  latest: { factor: string; period: string; at: string; value: number | null; converted: number | null; flag: string | null }[]
}

/** A road that nobody can drive through. */
export interface Closure {
  id: number
  geometry: Geometry
  reason: string
  closed_by: string
  closed_at: string
  /** OpenStreetMap's ids, where ways were named instead of drawn. */
  ways: number[] | null
  since: string
  /** Null: until somebody reopens it. */
  until: string | null
  /** Null while it is only planned. */
  began_at: string | null
  reopened_at: string | null
  region: string
  lon: number
  lat: number
  drill: boolean
}

export interface NewClosure {
  geometry: Geometry
  reason: string
  /** Null: from now on. */
  since: string | null
  until: string | null
}

/** Shares of the stored speed by road class (`*`: all others), and by hour (Asia/Shanghai) and class; they multiply. */
export interface NewSpeeds {
  by_class: Record<string, number>
  by_hour: Record<string, Record<string, number>>
  version: number
}

export interface Speeds extends NewSpeeds {
  changed_by: string
  changed_at: string
  /** The hour now, and what holds in it for each class of the roads in use. */
  hour: number
  factors: Record<string, number>
  classes: string[]
  roads_version: string
}

export interface NewAlert {
  lon: number
  lat: number
  title: string
  kind: 'manual'
  level: AlertLevel
}

export interface Offer {
  officer_ids: number[]
  note: string
  version: number
  override_reason?: string
  /** Whom the list was about. */
  radius_m?: number
  within_min?: number
  /** The list as this screen showed it, for the replay. */
  seen?: { officer_id: number; travel_time_s: number | null }[]
}

/** When somebody who was sent will be there, from where they are now. */
export interface Arrival {
  assignment_id: number
  alert_id: number
  officer_id: number | null
  officer_name: string
  state: AssignmentState
  lon: number | null
  lat: number | null
  position_age_s: number | null
  travel_time_s: number | null
  road_distance_m: number | null
  route: LineString | null
  asked_at: string
  arrives_at: string | null
  promised_at: string | null
  late_s: number | null
  /** From 0 to 1. */
  progress: number | null
  /** Why nobody can say when. */
  why: 'over' | 'arrived' | 'no_position' | 'old_position' | 'no_road' | null
}

/** An officer of a list as it was when somebody was sent. */
export type RankedThen = Pick<
  Responder,
  'officer_id' | 'name' | 'organisation' | 'status' | 'lon' | 'lat' | 'distance_m' | 'travel_time_s' | 'road_distance_m' | 'position_age_s' | 'reasons' | 'route'
>

export interface RankingThen {
  at: string
  by: string
  way: 'list' | 'joint'
  assignment_ids: number[]
  radius_m: number | null
  in_range: number
  recommended: number | null
  chosen: number[]
  override_reason: string | null
  /** As the dispatcher's screen showed it; null from a program. */
  seen: { officer_id: number; travel_time_s: number | null }[] | null
  ranked: RankedThen[]
}

export interface TrackThen {
  officer_id: number
  name: string
  organisation: string
  /** Was sent to this alert. */
  concerned: boolean
  /** Seconds since the start of the window, longitude, latitude. */
  points: [number, number, number][]
}

export type ClosureThen = Pick<Closure, 'id' | 'geometry' | 'reason' | 'closed_by' | 'closed_at' | 'until' | 'reopened_at'>

/** An alert's past. */
export interface Replay {
  alert: Alert
  /** `start` to `end` is in this answer, of all there is from `first` to `last`. */
  window: { start: string; end: string; first: string; last: string }
  events: TimelineEvent[]
  rankings: RankingThen[]
  tracks: TrackThen[]
  cut: boolean
  readings: Readings | null
  closures: ClosureThen[]
}

/** Who can reach a place; an answer about an alert has more. */
export type Reach = Pick<Responders, 'origin' | 'roads_version' | 'computed_ms' | 'in_range' | 'responders'>

export type FoundType = 'enterprise' | 'point' | 'officer' | 'station' | 'region' | 'alert' | 'coordinate'

/** What the search box finds. */
export interface Found {
  type: FoundType
  id: number | string | null
  name: string
  detail: string | null
  lon: number | null
  lat: number | null
  region: string | null
}

/** The latest inspections and penalty cases of one enterprise, as far as its brief shows them. */
export interface BriefRecords {
  inspections: { id: number; kind: string; at: string; person_times: number; findings: number }
  'penalty-cases': { id: number; kind: string; filed_on: string; decided_on: string | null; fine_yuan: number | null }
}

export interface PlannedAssignment {
  alert_id: number
  officer_id: number
  /** The alert's, as the plan saw it. */
  version: number
}

export interface PlannedTrip extends PlannedAssignment {
  name: string
  travel_time_s: number
  distance_m: number
}

/** Savings are null where the plan and going one by one send unequally many. */
export interface JointPlan {
  more_waiting: boolean
  plan: PlannedTrip[]
  worst_s: number | null
  sum_s: number
  greedy: { plan: PlannedTrip[]; worst_s: number | null; sum_s: number; unserved: number[] }
  saved_worst_s: number | null
  saved_sum_s: number | null
  unserved: { alert_id: number; missing: number; reason: Bilingual }[]
}

/** What goes with a step of an assignment; which fields count depends on the step. */
export interface StepInput {
  version: number
  note?: string
  reason?: string
  /** When the officer took it, if the phone could only tell later. */
  taken_at?: string
}

/** RFC 9457. */
export interface ProblemDetails {
  type?: string
  title?: string
  status?: number
  detail?: string
  detail_zh?: string
  errors?: unknown
}

export type SourceId = 'positions' | 'hj212' | 'records' | 'closures' | 'feed'
/** `idle`: nothing is expected now, e.g. because nobody is on duty. */
export type SourceState = 'live' | 'stopped' | 'idle'

/** Something that arrives, as far as one's own area is concerned. */
export interface Source {
  id: SourceId
  title: Bilingual
  state: SourceState
  last_at: string | null
  stopped_since: string | null
  /** The longest silence that is usual; null where nothing comes by the clock. */
  expected_every_s: number | null
  /** Areas inside one's own in which it has stopped while it goes on elsewhere. */
  stopped_in: string[]
}

export interface Track {
  officer_id: number
  items: { lon: number; lat: number; at: string; suspect: string | null }[]
  next: string | null
}

export type Period = 'month' | 'quarter' | 'year'

/** The enforcement figures that add up over time, by the names that they have everywhere. Fines are yuan. */
export type FlowName =
  | 'inspections'
  | 'person_times'
  | 'findings'
  | 'findings_rectified'
  | 'cases_filed'
  | 'penalty_cases'
  | 'fines_yuan'
  | 'seizures'
  | 'restrictions'
  | 'detentions'
  | 'crimes'
  | 'trainings'
  | 'trainees'
/** An enterprise that was inspected twice counts once: this one adds up over regions only. */
export type FigureName = FlowName | 'inspected_enterprises'

export interface Figure {
  value: number
  /** In the period before. */
  previous: number
  /** The list whose records are counted. */
  href: string
  /** What of that list's answer is the value: `total`, or one of its sums, as `sums.person_times`. */
  counts: string
}

export type TrendUnit = 'day' | 'week' | 'month'

/** What was done in an area in a period, against the period before; `from` and `to` are days in China, both included. */
export interface Overview {
  region: string
  period: Period
  from: string
  to: string
  previous_from: string
  previous_to: string
  /** When the newest inspection in it began. */
  as_of: string | null
  trend_unit: TrendUnit
  figures: Record<FigureName, Figure>
  /** The same for each part of the area; a county has none. */
  by_region: ({ region: string; name: string } & Record<FigureName, number>)[]
  /** Each day, week or month of the period, oldest first. */
  trend: ({ from: string } & Record<FlowName, number>)[]
}

/** A row of any list, as a table shows it. */
export type RecordRow = Record<string, unknown> & { id: number }

/** What the doors of lists answer; those of layers answer with features (GeoJSON). */
export interface RecordPage {
  items?: RecordRow[]
  features?: { id: number; properties: Record<string, unknown> }[]
  next: string | null
  total?: number
  /** Sums over all pages, by the names of the figures. */
  sums?: Record<string, number>
}
