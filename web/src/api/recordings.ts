/** What was recorded of calls: each participant in segments, each sealed by its hash. */
import type { Client } from './client'
import type { Page } from './types'

export interface Segment {
  number: number
  seat_id: number | null
  seat_name: string
  codecs: string[]
  started_at: string
  /** Null while it is still written. */
  ended_at: string | null
  sha256: string | null
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
  keep_until: string
  /** Its files are gone when their time was over. */
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

  of = (alertId: number, cancel: { signal?: AbortSignal } = {}) =>
    this.client.get<Page<Recording>>('/api/recordings', { query: { alert_id: alertId }, ...cancel })
  hold = (id: number, held: boolean, reason: string, version: number) =>
    this.client.post<Recording>(`/api/recordings/${id}/hold`, { held, reason, version })
}

/** Where the browser finds everything about a recording in one archive that can be checked without us. */
export const evidenceUrl = (id: number) => `/api/recordings/${id}/evidence.zip`
