/** Rows as the server sends them, and a server that answers from a table. */
import { createPinia, setActivePinia } from 'pinia'
import { createApp } from 'vue'
import { type Alert, Api, apiKey, type Assignment, Client, type Responder } from '@/api'

export function anAlert(over: Partial<Alert> = {}): Alert {
  return {
    id: 1, kind: 'pollution_source', level: 2, status: 'raised', title: 'COD over the limit', lon: 119.16, lat: 36.7,
    region: '370705', region_name: 'Kuiwen', point_id: 5, point_name: 'Outfall 1', enterprise_id: 7,
    enterprise_name: 'Plant', factor: 'w01018', factor_name: { zh: '化学需氧量', en: 'COD' }, period: 'hour',
    value: 120, worst_value: 150, limit_low: null, limit_high: 50, limit_source: 'permit', unit: 'mg/L',
    reading_at: '2026-01-05T02:00:00Z', reading_count: 2, raised_at: '2026-01-05T02:00:00Z', raised_by: 'intake',
    acknowledged_at: null, acknowledged_by: null, closed_at: null, closed_by: null, close_note: null,
    drill: false, version: 1, assignments: [],
    ...over,
  }
}

export function anAssignment(over: Partial<Assignment> = {}): Assignment {
  const { id, title, kind, level, status, lon, lat, region, drill, point_name, enterprise_name } = anAlert()
  return {
    id: 31, alert_id: 1, officer_id: 4, officer_name: 'Wang', state: 'offered', note: '', override_reason: null, travel_time_s: 240,
    distance_m: 1800, offered_at: '2026-01-05T02:01:00Z', offered_by: 'weifang', expires_at: '2026-01-05T02:03:00Z',
    accepted_at: null, declined_at: null, decline_reason: null, departed_at: null, arrived_at: null, finished_at: null,
    cancelled_at: null, cancel_reason: null, report: null, version: 1, next_steps: ['accept', 'decline'],
    desk_steps: ['cancel'],
    alert: { id, title, kind, level, status, lon, lat, region, drill, point_name, enterprise_name },
    ...over,
  }
}

export function aResponder(over: Partial<Responder> = {}): Responder {
  return {
    officer_id: 4, name: 'Wang', organisation: 'Kuiwen', level: 'county', skills: [], phone: '13800000000', lon: 119.15,
    lat: 36.7, distance_m: 1200, travel_time_s: 240, road_distance_m: 1800, walk_s: 0, position_age_s: 3, accuracy_m: 5,
    status: 'free', certainty: 'inside', reasons: [], route: null, steps: null,
    ...over,
  }
}

export type Answer = { status?: number; body?: unknown } | Error
export type Answers = (method: string, path: string, init: RequestInit) => Answer

export interface FakeServer {
  api: Api
  /** `METHOD path` of every request, in order. */
  asked: string[]
}

/** An API whose requests are answered by `answers`; an `Error` stands for a network that is gone. */
export function aServer(answers: Answers): FakeServer {
  const asked: string[] = []
  const client = new Client(async (path, init) => {
    asked.push(`${init.method} ${path}`)
    const answer = answers(init.method!, path, init)
    if (answer instanceof Error) throw answer
    return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), { status: answer.status ?? 200 })
  })
  return { api: new Api(client), asked }
}

/** A Pinia whose stores speak to `api`. */
export function withStores(api: Api): void {
  const pinia = createPinia()
  createApp({ render: () => null }).provide(apiKey, api).use(pinia)
  setActivePinia(pinia)
}
