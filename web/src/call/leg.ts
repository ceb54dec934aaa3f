/**
 * One connection that carries somebody's sound and picture: an offer out, an answer in, no renegotiation.
 *
 * A leg that hears nothing for a while is thrown away and built anew, again and again until it is ended: there is no
 * other repair, and this one works for a lost network, another address and a hub that was started again. Every leg
 * decides for itself and by one rule alone; two triggers would rebuild it twice.
 */
import { browserTimers, type Timers } from '@/live/timers'
import { type Figures, NO_FIGURES, type Quality, qualityBetween, readFigures } from './figures'

export type LegState = 'connecting' | 'live' | 'rebuilding' | 'refused' | 'ended'

export type PeerLike = Pick<
  RTCPeerConnection,
  | 'addTransceiver' | 'createOffer' | 'setLocalDescription' | 'setRemoteDescription' | 'getStats' | 'close'
  | 'localDescription' | 'connectionState' | 'iceGatheringState' | 'addEventListener' | 'getSenders'
>

/** What the other side made of an offer; `end` tells it that the leg is over. */
export interface Answer {
  sdp: string
  end: () => void
}

/** Thrown by `exchange`: asking again is of no use. */
export class LegRefused extends Error {}

/** Thrown by `exchange`: ask again, but not before this. */
export class AskLater extends Error {
  readonly afterMs: number

  constructor(afterMs: number) {
    super(`Ask again after ${afterMs} ms.`)
    this.afterMs = afterMs
  }
}

export interface LegOptions {
  makePeer: () => PeerLike
  /** Say what is sent or wanted, on a fresh connection. */
  prepare: (peer: PeerLike) => void | Promise<void>
  exchange: (offer: string) => Promise<Answer>
  onState?: (state: LegState) => void
  onFigures?: (figures: Figures, quality: Quality) => void
  timers?: Timers
}

export const LOOK_EVERY_MS = 500
/** Reports come at least each 1.5 s also where nothing is sent: so long a silence is no coincidence. */
export const SILENCE_MS = 2_500
export const RETRY_MS = 700
const CONNECT_MS = 5_000
/** So long a publisher that was built anew may take to come through on the leg that is there. */
export const FOLLOW_MS = 2_000
/** Addresses of this device come at once; those of a relay that does not answer must not hold the rest up. */
const GATHER_MS = 1_000

export class Leg {
  state: LegState = 'connecting'
  private readonly options: LegOptions
  private readonly timers: Timers
  private peer: PeerLike | null = null
  private answer: Answer | null = null
  /** Counts the builds: what an earlier one still says is not heard. */
  private build = 0
  private wasLive = false
  private figures: Figures = NO_FIGURES
  private silentLooks = 0
  /** Looks since the publisher was built anew, until something of it came; null: nothing is awaited. */
  private awaited: number | null = null
  private timer: number | undefined

  constructor(options: LegOptions) {
    this.options = options
    this.timers = options.timers ?? browserTimers
  }

  start(): void {
    void this.connect()
  }

  /** What is published has changed, or the other side has: build anew now. */
  rebuild(): void {
    if (this.state === 'ended') return
    this.drop()
    this.say(this.wasLive ? 'rebuilding' : 'connecting')
    void this.connect()
  }

  /**
   * The one who is viewed was built anew. Our hub lets a leg follow by itself, so it is kept as long as something comes;
   * another engine, or another codec, needs a new one.
   */
  expectFollowing(): void {
    if (this.answer !== null) this.awaited = 0
    else if (this.peer === null) this.rebuild() // it was waiting for its turn: this is the turn
  }

  end(): void {
    this.drop()
    this.say('ended')
  }

  /** The connection at this moment, for its senders. */
  get connection(): PeerLike | null {
    return this.peer
  }

  private async connect(): Promise<void> {
    const build = ++this.build
    const mine = () => this.build === build
    const peer = this.options.makePeer()
    this.peer = peer
    peer.addEventListener('connectionstatechange', () => mine() && this.onConnection(peer))
    try {
      await this.options.prepare(peer)
      await peer.setLocalDescription(await peer.createOffer())
      await this.gathered(peer)
      if (!mine()) return
      const answer = await this.options.exchange(peer.localDescription?.sdp ?? '')
      if (!mine()) return answer.end()
      this.answer = answer
      await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp })
      if (mine()) this.watch(peer)
    } catch (error) {
      if (mine()) this.failed(error)
    }
  }

  private gathered(peer: PeerLike): Promise<void> {
    if (peer.iceGatheringState === 'complete') return Promise.resolve()
    return new Promise((resolve) => {
      const limit = this.timers.set(resolve, GATHER_MS)
      peer.addEventListener('icegatheringstatechange', () => {
        if (peer.iceGatheringState !== 'complete') return
        this.timers.clear(limit)
        resolve()
      })
    })
  }

  private onConnection(peer: PeerLike): void {
    if (peer.connectionState === 'connected') {
      this.wasLive = true
      this.silentLooks = 0
      this.say('live')
    } else if (peer.connectionState === 'failed' || peer.connectionState === 'closed') {
      this.again(RETRY_MS)
    }
  }

  /** Looks are counted, not clocked: a page that slept has not been silent. */
  private watch(peer: PeerLike): void {
    this.timer = this.timers.set(() => void this.look(peer), LOOK_EVERY_MS)
  }

  private async look(peer: PeerLike): Promise<void> {
    const now = readFigures(await peer.getStats())
    if (this.peer !== peer) return
    const before = this.figures
    this.figures = now
    this.silentLooks = now.packets > before.packets ? 0 : this.silentLooks + 1
    this.options.onFigures?.(now, qualityBetween(before, now, LOOK_EVERY_MS))
    if (this.awaited !== null) this.awaited = now.packetsReceived > before.packetsReceived ? null : this.awaited + 1
    const gone = this.awaited !== null && this.awaited * LOOK_EVERY_MS >= FOLLOW_MS
    const patience = this.state === 'live' ? SILENCE_MS : CONNECT_MS
    if (gone || this.silentLooks * LOOK_EVERY_MS >= patience) this.rebuild()
    else this.watch(peer)
  }

  private failed(error: unknown): void {
    if (error instanceof LegRefused) {
      this.drop()
      this.say('refused')
    } else {
      this.again(error instanceof AskLater ? error.afterMs : RETRY_MS)
    }
  }

  private again(afterMs: number): void {
    this.drop()
    this.say(this.wasLive ? 'rebuilding' : 'connecting')
    this.timer = this.timers.set(() => void this.connect(), afterMs)
  }

  private drop(): void {
    this.build += 1
    this.timers.clear(this.timer)
    this.timer = undefined
    this.figures = NO_FIGURES
    this.silentLooks = 0
    this.awaited = null
    this.peer?.close()
    this.peer = null
    this.answer?.end()
    this.answer = null
  }

  private say(state: LegState): void {
    if (this.state === state) return
    this.state = state
    this.options.onState?.(state)
  }
}
