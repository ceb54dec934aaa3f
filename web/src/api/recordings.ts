/** The doors of what was recorded of calls. */
import type { Client } from './client'
import type { Page } from './types'

/** One file of one participant; without `sha256` it is still written. */
export interface Segment {
  number: number
  seat_id: number | null
  seat_name: string
  codecs: string[]
  started_at: string
  ended_at: string | null
  found: boolean
  url: string
}

export interface Recording {
  id: number
  room_id: number
  alert_id: number | null
  state: 'recording' | 'finished'
  started_at: string
  ended_at: string | null
  legal_hold: boolean
  hold_reason: string | null
  hold_by: string | null
  keep_until: string
  deleted_at: string | null
  bytes: number
  version: number
  segments: Segment[]
}

export class RecordingDoors {
  private readonly client: Client

  constructor(client: Client) {
    this.client = client
  }

  ofAlert = (alert_id: number, cancel: { signal?: AbortSignal } = {}) =>
    this.client.get<Page<Recording>>('/api/recordings', { query: { alert_id }, ...cancel })
  hold = (id: number, held: boolean, reason: string, version: number) =>
    this.client.post<Recording>(`/api/recordings/${id}/hold`, { held, reason, version })
  /** Where everything about one recording is handed out, with what is needed to check it. */
  evidence = (id: number) => `/api/recordings/${id}/evidence.zip`
}
