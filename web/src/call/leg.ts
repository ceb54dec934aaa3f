/**
 * One connection that carries somebody's sound and picture: an offer out, an answer in, no renegotiation.
 *
 * A leg that hears nothing for a while is thrown away and built anew, again and again until it is ended: there is no
 * other repair, and this one works for a lost network, another address and a hub that was started again. Every leg
 * decides for itself and by one rule alone; two triggers would rebuild it twice.
 */
import { browserTimers, type Timers } from '@/live/timers'
import { type Figures, levelBetween, NO_FIGURES, type Quality, qualityBetween, readFigures } from './figures'

export type LegState = 'connecting' | 'live' | 'rebuilding' | 'refused' | 'ended'

export type PeerLike = Pick<
  RTCPeerConnection,
  | 'addTransceiver' | 'createOffer' | 'setLocalDescription' | 'setRemoteDescription' | 'getStats' | 'close'
  | 'localDescription' | 'connectionState' | 'iceGatheringState' | 'addEventListener' | 'getSenders' | 'getConfiguration'
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
  /** After every look; `level` is how loud it was since the last one, 0 to 1. */
  onFigures?: (figures: Figures, quality: Quality, level: number) => void
  timers?: Timers
}

export const LOOK_EVERY_MS = 500
/** A fresh leg is looked at more often: its first picture and sound show when they come, not half a second later. */
export const FIRST_LOOKS_MS = 100
const FIRST_LOOKS_FOR_MS = 3_000
/**
 * As long as a look may count at most, in silence: a page that slept for a minute has not been deaf for one, and looks
 * twice before it says so. A page that is only slow counts what really passed between its looks.
 */
export const LOOK_COUNTS_AT_MOST_MS = 1_000
/** Reports come at least each 1.5 s also where nothing is sent: so long a silence is no coincidence. */
export const SILENCE_MS = 2_500
export const RETRY_MS = 700
const CONNECT_MS = 5_000
/** So long a publisher that was built anew may take to come through on the leg that is there. */
export const FOLLOW_MS = 2_000
/** Addresses of this device come at once; those of a relay that does not answer must not hold the rest up. */
const GATHER_MS = 1_000
/** Where there is no relay to wait for, so long after the first address: those of other interfaces come with it. */
export const OWN_ADDRESSES_MS = 30

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
  /** What the quality is judged from: the figures of half a second ago, and what it was then. */
  private judged = { figures: NO_FIGURES, quality: qualityBetween(NO_FIGURES, NO_FIGURES, 0) }
  private lookedAt = 0
  private lookedMs = 0
  private judgedMs = 0
  private silentMs = 0
  /** Since the publisher was built anew, until something of it came; null: nothing is awaited. */
  private awaitedMs: number | null = null
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
    if (this.answer !== null) this.awaitedMs = 0
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
      if (!mine()) return
      this.lookedAt = this.timers.now()
      this.watch(peer)
    } catch (error) {
      if (mine()) this.failed(error)
    }
  }

  /** The addresses that the offer names. A browser takes 0.1 s to say that there are no more of its own. */
  private gathered(peer: PeerLike): Promise<void> {
    if (peer.iceGatheringState === 'complete') return Promise.resolve()
    const asksServers = (peer.getConfiguration().iceServers ?? []).length > 0
    return new Promise((resolve) => {
      let limit = this.timers.set(resolve, GATHER_MS)
      let named = false
      peer.addEventListener('icecandidate', () => {
        if (named || asksServers) return
        named = true
        this.timers.clear(limit)
        limit = this.timers.set(resolve, OWN_ADDRESSES_MS)
      })
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
      this.silentMs = 0
      this.say('live')
    } else if (peer.connectionState === 'failed' || peer.connectionState === 'closed') {
      this.again(RETRY_MS)
    }
  }

  private watch(peer: PeerLike): void {
    const pause = this.lookedMs < FIRST_LOOKS_FOR_MS ? FIRST_LOOKS_MS : LOOK_EVERY_MS
    this.timer = this.timers.set(() => void this.look(peer), pause)
  }

  private async look(peer: PeerLike): Promise<void> {
    const now = readFigures(await peer.getStats())
    if (this.peer !== peer) return
    const passed = this.timers.now() - this.lookedAt
    const counted = Math.min(passed, LOOK_COUNTS_AT_MOST_MS)
    const before = this.figures
    this.figures = now
    this.lookedAt += passed
    this.lookedMs += passed
    this.silentMs = now.packets > before.packets ? 0 : this.silentMs + counted
    this.options.onFigures?.(now, this.judge(now, passed), levelBetween(before, now))
    if (this.awaitedMs !== null) this.awaitedMs = now.packetsReceived > before.packetsReceived ? null : this.awaitedMs + counted
    const gone = this.awaitedMs !== null && this.awaitedMs >= FOLLOW_MS
    const patience = this.state === 'live' ? SILENCE_MS : CONNECT_MS
    if (gone || this.silentMs >= patience) this.rebuild()
    else this.watch(peer)
  }

  /** Over half a second: the packets of a tenth are too few to judge by. */
  private judge(now: Figures, ms: number): Quality {
    this.judgedMs += ms
    if (this.judgedMs < LOOK_EVERY_MS) return this.judged.quality
    this.judged = { figures: now, quality: qualityBetween(this.judged.figures, now, this.judgedMs) }
    this.judgedMs = 0
    return this.judged.quality
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
    this.judged = { figures: NO_FIGURES, quality: qualityBetween(NO_FIGURES, NO_FIGURES, 0) }
    this.lookedMs = this.judgedMs = this.silentMs = 0
    this.awaitedMs = null
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
