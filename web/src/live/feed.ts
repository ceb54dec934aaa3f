/**
 * The live feed: a snapshot, then changes; after a break, a snapshot again.
 *
 * Frames that arrive before the snapshot is in are held back and delivered after it. Each carries the whole row, so
 * that applying one twice, or one that the snapshot already knew, is harmless.
 */

import { browserTimers, type Timers } from './timers'

export interface Frame<Data = unknown> {
  kind: string
  /** Place in the event log; batches of positions have none. */
  seq?: number
  at?: string
  region?: string
  data: Data
}

/** `refused`: the server no longer knows who we are; only signing in again helps. */
export type LinkState = 'idle' | 'connecting' | 'current' | 'reconnecting' | 'refused'

/** The part of a WebSocket that the feed needs; tests pass a fake. */
export interface SocketLike {
  readonly readyState: number
  onopen: ((event: Event) => void) | null
  onmessage: ((event: MessageEvent) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  send(data: string): void
  close(code?: number): void
}

export interface FeedOptions {
  topics: readonly string[]
  /** Fetch the present state of everything the topics cover. */
  loadSnapshot: () => Promise<void>
  deliver: (frames: Frame[]) => void
  onState: (state: LinkState) => void
  /** Asked after a silence; rejects when the server is gone. A socket alone notices a dead network far too late. */
  probe: () => Promise<unknown>
  openSocket?: (path: string) => SocketLike
  timers?: Timers
  /** Between 0 and 1; spreads the return of many screens after a restart. */
  random?: () => number
}

/** West, south, east, north; degrees. */
export type View = readonly [number, number, number, number]

export const CLOSE_TOO_SLOW = 4001
export const CLOSE_NOT_SIGNED_IN = 4401

const DELIVER_EVERY_MS = 100
const SILENCE_MS = 5_000
const PROBE_TIMEOUT_MS = 3_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 8_000

export class LiveFeed {
  private readonly options: Required<FeedOptions>
  private socket: SocketLike | null = null
  private since: number | null = null
  private view: View | null = null
  private held: Frame[] = []
  private opened = false
  private snapshotIsIn = false
  private failures = 0
  private retryTimer: number | undefined
  private deliverTimer: number | undefined
  private silenceTimer: number | undefined

  constructor(options: FeedOptions) {
    this.options = { openSocket: openWebSocket, timers: browserTimers, random: Math.random, ...options }
  }

  /** The newest place in the event log that was delivered, or null before the first. */
  get seq(): number | null {
    return this.since
  }

  start(): void {
    this.options.onState('connecting')
    this.connect()
  }

  stop(): void {
    this.drop()
    this.options.timers.clear(this.retryTimer)
    this.options.onState('idle')
  }

  /** Of positions hear only those in this part of the map; null for all. Holds for later connections, too. */
  show(view: View | null): void {
    this.view = view
    if (this.opened) this.socket?.send(JSON.stringify({ view }))
  }

  /** Give the present connection up and make a new one, e.g. because the browser says that the network changed. */
  reconnect(): void {
    this.lost(0)
  }

  private connect(): void {
    const query = new URLSearchParams({ topics: this.options.topics.join(',') })
    if (this.since !== null) query.set('since', String(this.since))
    const socket = this.options.openSocket(`/api/live?${query}`)
    this.socket = socket
    this.snapshotIsIn = false
    this.held = []

    // Handlers of a socket that was given up must not touch the state of its successor.
    const mine = () => this.socket === socket
    socket.onopen = () => {
      if (!mine()) return
      this.opened = true
      if (this.view !== null) this.show(this.view)
      void this.begin(socket)
    }
    socket.onmessage = ({ data }) => {
      if (mine()) this.receive(JSON.parse(data as string) as Frame)
    }
    socket.onclose = ({ code }) => {
      if (!mine()) return
      if (code === CLOSE_NOT_SIGNED_IN) {
        this.drop()
        this.options.onState('refused')
      } else {
        this.lost(code)
      }
    }
  }

  private async begin(socket: SocketLike): Promise<void> {
    this.listenForSilence()
    try {
      await this.options.loadSnapshot()
    } catch {
      if (this.socket === socket) this.lost(0) // whatever refused the snapshot, a new try is the only cure
      return
    }
    if (this.socket !== socket) return
    this.snapshotIsIn = true
    this.failures = 0
    this.options.onState('current')
    this.deliverHeld()
  }

  private receive(frame: Frame): void {
    this.listenForSilence()
    if (frame.kind === 'hello') {
      this.since ??= (frame.data as { seq: number }).seq
      return
    }
    this.held.push(frame)
    if (this.snapshotIsIn) this.deliverTimer ??= this.options.timers.set(() => this.deliverHeld(), DELIVER_EVERY_MS)
  }

  private deliverHeld(): void {
    this.options.timers.clear(this.deliverTimer)
    this.deliverTimer = undefined
    if (this.held.length === 0) return
    const frames = this.held
    this.held = []
    this.options.deliver(frames)
    for (const { seq } of frames) if (seq !== undefined && seq > (this.since ?? -1)) this.since = seq
  }

  private listenForSilence(): void {
    const { timers } = this.options
    timers.clear(this.silenceTimer)
    this.silenceTimer = timers.set(() => void this.askWhetherAlive(), SILENCE_MS)
  }

  private async askWhetherAlive(): Promise<void> {
    const { socket } = this
    const { probe, timers } = this.options
    let limit: number | undefined
    const tooLate = new Promise<never>((_, reject) => {
      limit = timers.set(() => reject(new Error('no answer in time')), PROBE_TIMEOUT_MS)
    })
    try {
      await Promise.race([probe(), tooLate])
      if (this.socket === socket) this.listenForSilence()
    } catch {
      if (this.socket === socket) this.lost(0)
    } finally {
      timers.clear(limit)
    }
  }

  private lost(code: number): void {
    this.drop()
    this.options.onState('reconnecting')
    const pause = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures)
    // Whoever was cut off for being slow comes back at once: the server is well.
    const wait = code === CLOSE_TOO_SLOW && this.failures === 0 ? 0 : pause * (0.5 + this.options.random() / 2)
    this.failures += 1
    this.options.timers.clear(this.retryTimer)
    this.retryTimer = this.options.timers.set(() => this.connect(), wait)
  }

  private drop(): void {
    const { timers } = this.options
    timers.clear(this.deliverTimer)
    timers.clear(this.silenceTimer)
    this.deliverTimer = undefined
    this.held = []
    this.snapshotIsIn = false
    this.opened = false
    const socket = this.socket
    this.socket = null
    socket?.close()
  }
}

export function openWebSocket(path: string): SocketLike {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(`${scheme}//${location.host}${path}`)
}
