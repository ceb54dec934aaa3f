/** Connections without a network, and a room, for the tests of calls. */
import type { Room, Seat } from '@/api'
import type { PeerLike } from '@/call/leg'

type Listener = (event: unknown) => void

/** A connection: `packets` is how many have come so far. */
export class FakePeer {
  localDescription: { sdp: string } | null = null
  remote: string | null = null
  connectionState: RTCPeerConnectionState = 'new'
  iceGatheringState: RTCIceGatheringState = 'complete'
  servers: RTCIceServer[] = []
  closed = false
  packets = 0
  rtp = 0
  /** Comes to life on every look, as a healthy connection does. */
  healthy = false
  readonly kinds: string[] = []
  readonly senders: { track: unknown; replaced: unknown[]; encodings: Record<string, unknown>[] }[] = []
  private readonly listeners = new Map<string, Listener[]>()
  constructor(readonly number: number) {}

  addTransceiver(what: string | { kind: string }, { direction }: { direction: string }) {
    this.kinds.push(`${direction} ${typeof what === 'string' ? what : what.kind}`)
    const sender = {
      track: what,
      replaced: [] as unknown[],
      encodings: [{}],
      replaceTrack: async (track: unknown) => void sender.replaced.push(track),
      getParameters: () => ({ encodings: sender.encodings }),
      setParameters: async () => undefined,
    }
    if (direction === 'sendonly') this.senders.push(sender)
    return { setCodecPreferences: () => undefined }
  }
  getSenders() {
    return this.senders
  }
  async createOffer() {
    return { type: 'offer', sdp: `offer ${this.number}` }
  }
  async setLocalDescription(offer: { sdp: string }) {
    this.localDescription = offer
  }
  async setRemoteDescription({ sdp }: { sdp: string }) {
    this.remote = sdp
  }
  async getStats() {
    if (this.healthy) {
      this.packets += 20
      this.rtp += 15
    }
    return [
      { type: 'transport', packetsReceived: this.packets },
      { type: 'inbound-rtp', kind: 'video', packetsReceived: this.rtp, packetsLost: 0, framesDecoded: this.rtp },
    ]
  }
  close() {
    this.closed = true
  }
  addEventListener(name: string, listener: Listener) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener])
  }
  getConfiguration() {
    return { iceServers: this.servers }
  }
  become(state: RTCPeerConnectionState) {
    this.connectionState = state
    this.tell('connectionstatechange')
  }
  gather(state: RTCIceGatheringState) {
    this.iceGatheringState = state
    this.tell('icegatheringstatechange')
  }
  bring(track: { kind: string }) {
    this.tell('track', { track })
  }
  tell(name: string, event: unknown = {}) {
    for (const listener of this.listeners.get(name) ?? []) listener(event)
  }
}

/** Makes connections and remembers them. */
export function peers() {
  const made: FakePeer[] = []
  return {
    made,
    make: (): PeerLike => {
      const peer = new FakePeer(made.length + 1)
      made.push(peer)
      return peer as unknown as PeerLike
    },
    get last() {
      return made.at(-1)!
    },
  }
}

export function aSeat(over: Partial<Seat> = {}): Seat {
  return {
    id: 1, name: 'Li', organisation: 'Kuiwen', field: '', role: 'dispatcher', officer_id: null, state: 'present',
    hand_raised_at: null, muted: [], publication: null, video_paused: false, joined_at: '2026-01-05T02:00:00Z', left_at: null,
    ...over,
  }
}

export const sends = (generation = 1, over: Partial<NonNullable<Seat['publication']>> = {}) => ({ generation, stalled: false, video_paused: false, ...over })

export function aRoom(seats: Seat[] = [aSeat()], over: Partial<Room> = {}): Room {
  return {
    id: 9, kind: 'dispatch', title: 'COD over the limit', alert_id: 1, assignment_id: 31, region: '370705', state: 'open',
    locked: false, recording: true, audio_group: false, speaker_id: null, drill: false, opened_by: 'kuiwen',
    opened_at: '2026-01-05T02:00:00Z', closed_at: null, version: 1, me: { seat_id: 1, role: 'host', may: ['publish', 'view'] },
    seats, ice: { servers: [], relay_only: false }, limit: { width: 640, height: 480, fps: 15, bitrate: 600_000 },
    ...over,
  }
}
