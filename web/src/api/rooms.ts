/** The doors of a call's room: who is there, what they may do, and the offers of their legs (WHIP and WHEP, RFC 9725). */
import { type Client, withQuery } from './client'
import type { Page } from './types'

export type RoomKind = 'dispatch' | 'consultation' | 'conference' | 'drill'
export type SeatRole = 'host' | 'dispatcher' | 'officer' | 'expert' | 'guest' | 'device'
export type SeatState = 'invited' | 'ringing' | 'present' | 'away' | 'left' | 'declined' | 'missed' | 'removed'
export type TrackKind = 'audio' | 'video'

/** What one may do in a room, by the name of its door. */
export type May =
  | 'publish' | 'view' | 'hand' | 'talk' | 'close' | 'lock' | 'mute' | 'remove' | 'insert' | 'invite' | 'ring' | 'record' | 'snapshot'

/** What somebody sends at this moment; `generation` counts how often it was built. */
export interface Publication {
  generation: number
  stalled: boolean
  video_paused: boolean
}

export interface Seat {
  id: number
  name: string
  organisation: string
  /** What an expert knows about. */
  field: string
  role: SeatRole
  officer_id: number | null
  state: SeatState
  hand_raised_at: string | null
  /** What others have switched off: it is not passed on from this seat. */
  muted: TrackKind[]
  publication: Publication | null
  /** Its network is too poor for pictures: it hears on, and sees none. */
  video_paused: boolean
  joined_at: string | null
  left_at: string | null
}

export interface IceServer {
  urls: string | string[]
  username?: string
  credential?: string
}

/** What a page may send at most: pixels, pictures a second, bits a second. */
export interface SendLimit {
  width: number
  height: number
  fps: number
  bitrate: number
}

/** A room as everybody in it knows it. */
export interface RoomFacts {
  id: number
  kind: RoomKind
  title: string
  alert_id: number | null
  assignment_id: number | null
  region: string
  state: 'open' | 'closed'
  locked: boolean
  recording: boolean
  /** Push to talk: one voice at a time, that of `speaker_id`. */
  audio_group: boolean
  speaker_id: number | null
  drill: boolean
  opened_by: string
  opened_at: string
  closed_at: string | null
  version: number
  seats: Seat[]
}

/** A room as one person sees it. */
export interface Room extends RoomFacts {
  /** Null for whoever sees the room without a seat in it. */
  me: { seat_id: number; role: SeatRole; may: May[] } | null
  ice: { servers: IceServer[]; relay_only: boolean }
  limit: SendLimit
}

export interface NewRoom {
  kind: RoomKind
  alert_id?: number
  assignment_id?: number
  title?: string
  officer_ids?: number[]
  usernames?: string[]
  audio_group?: boolean
  circle?: { lon: number; lat: number; radius_m: number }
}

export interface NewInvitation {
  name: string
  organisation: string
  field: string
  minutes: number
}

export interface Expert {
  id: number
  name: string
  organisation: string
  field: string
  phone: string | null
}

/** A leg that the server has taken: its answer, and where it is ended. */
export interface TakenLeg {
  answer: string
  location: string
}

export class RoomDoors {
  private readonly client: Client

  constructor(client: Client) {
    this.client = client
  }

  open = (room: NewRoom) => this.client.post<Room>('/api/rooms', room)
  list = (query: { state?: 'open' | 'closed'; alert_id?: number } = {}) => this.client.get<Page<Room>>('/api/rooms', { query })
  get = (id: number) => this.client.get<Room>(`/api/rooms/${id}`)
  join = (id: number) => this.client.post<Room & { seat_id: number }>(`/api/rooms/${id}/join`, {})
  leave = (id: number) => this.client.post<Room>(`/api/rooms/${id}/leave`, {})
  decline = (id: number) => this.client.post<Room>(`/api/rooms/${id}/decline`, {})
  close = (id: number, version: number) => this.client.post<Room>(`/api/rooms/${id}/close`, { version })

  /** Ring more officers, or again those who did not answer. */
  ring = (id: number, officer_ids: number[]) => this.client.post<Room>(`/api/rooms/${id}/ring`, { officer_ids })

  hand = (id: number, raised: boolean) => this.client.post<Room>(`/api/rooms/${id}/hand`, { raised })
  talk = (id: number, on: boolean) => this.client.post<Room>(`/api/rooms/${id}/talk`, { on })
  lock = (id: number, locked: boolean) => this.client.post<Room>(`/api/rooms/${id}/lock`, { locked })
  mute = (id: number, seat: number, kinds: TrackKind[]) => this.client.post<Room>(`/api/rooms/${id}/seats/${seat}/mute`, { kinds })
  unmute = (id: number, seat: number, kinds: TrackKind[]) => this.client.post<Room>(`/api/rooms/${id}/seats/${seat}/unmute`, { kinds })
  remove = (id: number, seat: number) => this.client.post<Room>(`/api/rooms/${id}/seats/${seat}/remove`, {})
  insert = (id: number, seat: number) => this.client.post<Room>(`/api/rooms/${id}/seats/${seat}/insert`, {})

  invite = (id: number, who: NewInvitation) => this.client.post<{ url: string }>(`/api/rooms/${id}/invitations`, who)
  experts = (field?: string) => this.client.get<{ items: Expert[] }>('/api/experts', { query: { field } })
  record = (id: number, action: 'start' | 'stop') => this.client.post<unknown>(`/api/rooms/${id}/recordings`, { action })
  snapshot = (id: number, picture: Blob, of: number) =>
    this.client.post<unknown>(withQuery(`/api/rooms/${id}/snapshots`, { of }), picture)

  publish = (id: number, offer: string) => this.client.offer(`/api/rooms/${id}/whip`, offer)
  view = (id: number, of: number, offer: string) => this.client.offer(withQuery(`/api/rooms/${id}/whep`, { participant: of }), offer)
  /** Also while the page is being closed. */
  endLeg = (location: string) => this.client.leave(location)
}
