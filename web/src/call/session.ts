/**
 * The legs of one call: one that carries our own sound and picture, and one for everybody who sends.
 *
 * The room as the server tells it decides which legs there are; each leg looks after itself.
 */
import { ApiProblem, type IceServer, type Room, type Seat, type SendLimit, type TakenLeg } from '@/api'
import { browserTimers, type Timers } from '@/live/timers'
import { type Figures, NO_FIGURES, type Quality, type Reception, worstOf } from './figures'
import { type Answer, AskLater, Leg, LegRefused, type LegState, type PeerLike } from './leg'
import { applyLimit, preferVp8 } from './sending'

/** What the legs ask the server for. */
export interface LegDoors {
  publish: (offer: string) => Promise<TakenLeg>
  view: (of: number, offer: string) => Promise<TakenLeg>
  endLeg: (location: string) => void
}

/** How one leg is at this moment; `stream` is what it brings, of our own what we send. */
export interface LegView {
  state: LegState
  stream: MediaStream | null
  figures: Figures
  quality: Quality
  /** How loud it is, 0 (silence) to 1. */
  level: number
}

export interface SessionOptions {
  doors: LegDoors
  makePeer: (ice: Room['ice']) => PeerLike
  makeStream: (tracks: MediaStreamTrack[]) => MediaStream
  /** Something about a leg is different: of this seat, or our own (null). */
  onLeg: (seat: number | null, view: LegView | null) => void
  timers?: Timers
}

interface ViewLeg {
  leg: Leg
  view: LegView
  /** How often the publisher has been built, as far as this leg has been told; null: one that is only expected. */
  generation: number | null
}

interface OwnLeg {
  leg: Leg
  view: LegView
  tracks: MediaStreamTrack[]
}

/** Who comes back after a moment has been seen before, and is told of as before. */
const IN: ReadonlySet<Seat['state'] | undefined> = new Set<Seat['state']>(['present', 'away'])

const NO_QUALITY: Quality = { fps: 0, lost: 0, rtt_ms: null }
const freshView = (): LegView => ({ state: 'connecting', stream: null, figures: NO_FIGURES, quality: NO_QUALITY, level: 0 })

export class CallSession {
  private readonly options: Required<SessionOptions>
  private room: Room | null = null
  private readonly views = new Map<number, ViewLeg>()
  private own: OwnLeg | null = null
  private ended = false

  constructor(options: SessionOptions) {
    this.options = { timers: browserTimers, ...options }
  }

  /** The room as it is now. */
  apply(room: Room): void {
    if (this.ended) return
    const before = this.limit
    const come = this.whoHasCome(room)
    this.room = room
    const sending = new Map(room.seats.flatMap((seat) => (seat.publication && seat.id !== room.me?.seat_id ? [[seat.id, seat] as const] : [])))
    const here = new Set(room.seats.filter(({ state }) => state === 'present').map(({ id }) => id))
    for (const [id, one] of this.views) if (!sending.has(id) && !(one.generation === null && here.has(id))) this.drop(id, one)
    for (const seat of sending.values()) this.follow(seat)
    for (const seat of come) if (!this.views.has(seat.id)) this.view(seat.id, null)
    // What was refused may be allowed now: the seat was given up while we were away, and we have it again.
    for (const leg of [this.own?.leg, ...[...this.views.values()].map((one) => one.leg)]) if (leg?.state === 'refused') leg.rebuild()
    if (JSON.stringify(before) !== JSON.stringify(this.limit)) this.keepToLimit()
  }

  /** Send these; none: send nothing, only look on. */
  publish(tracks: MediaStreamTrack[]): void {
    if (this.ended) return
    this.own?.leg.end()
    this.own = null
    if (tracks.length === 0) return this.options.onLeg(null, null)
    const own: OwnLeg = { tracks, view: { ...freshView(), stream: this.options.makeStream(tracks) }, leg: this.publishLeg((): OwnLeg => own) }
    this.own = own
    this.tell(null, own.view)
    own.leg.start()
  }

  /** Another track of the same kind in the place of the one we send, without a new connection. */
  async replace(track: MediaStreamTrack): Promise<void> {
    const { own } = this
    if (!own) return
    own.tracks = [...own.tracks.filter(({ kind }) => kind !== track.kind), track]
    own.view = { ...own.view, stream: this.options.makeStream(own.tracks) }
    this.tell(null, own.view)
    const sender = own.leg.connection?.getSenders().find((one) => one.track?.kind === track.kind)
    await sender?.replaceTrack(track)
    this.keepToLimit()
  }

  /** The network has changed, says the browser: what stood on the old one is gone. */
  rebuildAll(): void {
    this.own?.leg.rebuild()
    for (const { leg } of this.views.values()) leg.rebuild()
  }

  /** How well this place receives: the worst of all legs that are there. */
  get quality(): Reception | null {
    return worstOf([...this.views.values()].filter(({ view }) => view.state === 'live').map(({ view }) => view.quality))
  }

  end(): void {
    this.ended = true
    this.own?.leg.end()
    for (const { leg } of this.views.values()) leg.end()
    this.views.clear()
    this.own = null
  }

  /**
   * Those who have just answered or joined. They are going to send, and are asked for at once: the hub holds the
   * question until they do, so that they are seen without first being announced.
   */
  private whoHasCome(room: Room): Seat[] {
    if (!this.room) return []
    const before = new Map(this.room.seats.map(({ id, state }) => [id, state]))
    return room.seats.filter(({ id, state }) => state === 'present' && id !== room.me?.seat_id && !IN.has(before.get(id)))
  }

  private follow(seat: Seat): void {
    const generation = seat.publication!.generation
    const known = this.views.get(seat.id)
    if (!known) return this.view(seat.id, generation)
    const expected = known.generation === null
    if (known.generation === generation) return
    known.generation = generation
    if (!expected) known.leg.expectFollowing()
  }

  private view(of: number, generation: number | null): void {
    const one: ViewLeg = { view: freshView(), generation, leg: null as unknown as Leg }
    const tell = () => this.views.get(of) === one && this.tell(of, one.view)
    one.leg = new Leg({
      timers: this.options.timers,
      makePeer: () => this.peer(),
      prepare: (peer) => {
        const tracks: MediaStreamTrack[] = []
        peer.addEventListener('track', (event) => {
          tracks.push((event as RTCTrackEvent).track)
          one.view = { ...one.view, stream: this.options.makeStream(tracks) }
          tell()
        })
        peer.addTransceiver('audio', { direction: 'recvonly' })
        peer.addTransceiver('video', { direction: 'recvonly' })
      },
      exchange: (offer) =>
        this.take(() => this.options.doors.view(of, offer)).catch((error: unknown) => {
          if (one.generation === null && this.views.get(of) === one) this.drop(of, one) // it only looks on, so far
          throw error
        }),
      onState: (state) => {
        one.view = { ...one.view, state }
        tell()
      },
      onFigures: (figures, quality, level) => {
        one.view = { ...one.view, figures, quality, level }
        tell()
      },
    })
    this.views.set(of, one)
    this.tell(of, one.view)
    one.leg.start()
  }

  private publishLeg(own: () => OwnLeg): Leg {
    const change = (change: Partial<LegView>) => {
      own().view = { ...own().view, ...change }
      if (this.own === own()) this.tell(null, own().view)
    }
    return new Leg({
      timers: this.options.timers,
      makePeer: () => this.peer(),
      prepare: (peer) => {
        for (const track of own().tracks) {
          const transceiver = peer.addTransceiver(track, { direction: 'sendonly' })
          const codecs = track.kind === 'video' ? globalThis.RTCRtpSender?.getCapabilities('video')?.codecs : undefined
          if (codecs) transceiver.setCodecPreferences(preferVp8(codecs))
        }
      },
      exchange: (offer) => this.take(() => this.options.doors.publish(offer)),
      onState: (state) => {
        if (state === 'live') this.keepToLimit()
        change({ state })
      },
      onFigures: (figures, quality, level) => change({ figures, quality, level }),
    })
  }

  private peer(): PeerLike {
    return this.options.makePeer(this.room?.ice ?? { servers: [] as IceServer[], relay_only: false })
  }

  /** What the room lets us send, and whether our network is good enough for pictures, as the hub has found. */
  private get limit(): { most: SendLimit; pictures: boolean } | null {
    if (!this.room) return null
    const { limit: most, seats, me } = this.room
    return { most, pictures: !seats.find(({ id }) => id === me?.seat_id)?.publication?.video_paused }
  }

  private keepToLimit(): void {
    const { limit } = this
    if (!limit) return
    for (const sender of this.own?.leg.connection?.getSenders() ?? []) {
      void applyLimit(sender, limit.most, limit.pictures).catch(() => undefined) // the leg is being rebuilt; it asks again when it is live
    }
  }

  /** The server's refusals in the words of a leg. */
  private async take(ask: () => Promise<TakenLeg>): Promise<Answer> {
    try {
      const { answer, location } = await ask()
      return { sdp: answer, end: () => this.options.doors.endLeg(location) }
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      if (error.status === 401 || error.status === 403) throw new LegRefused(error.message, { cause: error })
      if (error.retryAfterS !== null) throw new AskLater(Math.min(5_000, error.retryAfterS * 1000))
      throw error
    }
  }

  private drop(id: number, { leg }: ViewLeg): void {
    this.views.delete(id)
    leg.end()
    this.options.onLeg(id, null)
  }

  private tell(seat: number | null, view: LegView): void {
    if (!this.ended) this.options.onLeg(seat, view)
  }
}
