/**
 * Being there: a socket that brings the room as it is after every change, and says every moment that we are still here.
 *
 * Neither side waits for the network to notice a silence: three pings without a word, and the socket is made anew.
 */
import type { Room } from '@/api'
import { openWebSocket, type SocketLike } from '@/live/feed'
import { browserTimers, type Timers } from '@/live/timers'
import type { Reception } from './figures'

/** `lost`: it is coming back by itself; `removed` and `refused`: it is not. */
export type PresenceState = 'connecting' | 'current' | 'lost' | 'removed' | 'refused'

export interface PresenceOptions {
  roomId: number
  /** Of a guest without an account; everybody else is known by the page's session. */
  token?: string | null
  onRoom: (room: Room) => void
  onState: (state: PresenceState) => void
  /** How well this place receives, said with every ping. */
  quality?: () => Reception | null
  openSocket?: (path: string) => SocketLike
  timers?: Timers
  /** This device's clock: the server keeps how far it is off, for what is recorded. */
  now?: () => number
}

export const PING_EVERY_MS = 1_500
export const DEAD_AFTER_MS = 4_500
const RETRY_MS = 700
const REMOVED = 4403
/** Not signed in, no such room for us, a room that is over. */
const REFUSALS: ReadonlySet<number> = new Set([4401, 4404, 4410])

export class Presence {
  private readonly options: Required<PresenceOptions>
  private socket: SocketLike | null = null
  private silentMs = 0
  private timer: number | undefined

  constructor(options: PresenceOptions) {
    this.options = { token: null, quality: () => null, openSocket: openWebSocket, timers: browserTimers, now: Date.now, ...options }
  }

  start(): void {
    this.options.onState('connecting')
    this.connect()
  }

  stop(): void {
    this.drop()
  }

  private connect(): void {
    const { roomId, token, onRoom, onState } = this.options
    const socket = this.options.openSocket(`/api/rooms/${roomId}/presence`)
    this.socket = socket
    this.silentMs = 0
    const mine = () => this.socket === socket
    socket.onopen = () => {
      if (mine() && token !== null) socket.send(JSON.stringify({ token }))
    }
    socket.onmessage = ({ data }) => {
      if (!mine()) return
      this.silentMs = 0
      const message = JSON.parse(data as string) as { kind: string; data?: unknown }
      if (message.kind !== 'room') return
      onState('current')
      onRoom(message.data as Room)
    }
    socket.onclose = ({ code }) => {
      if (!mine()) return
      this.drop()
      if (code === REMOVED) onState('removed')
      else if (REFUSALS.has(code)) onState('refused')
      else this.lost()
    }
    this.timer = this.options.timers.set(() => this.tick(socket), PING_EVERY_MS)
  }

  private tick(socket: SocketLike): void {
    if (this.socket !== socket) return
    this.silentMs += PING_EVERY_MS
    if (this.silentMs > DEAD_AFTER_MS) {
      this.drop()
      return this.lost()
    }
    this.ping(socket)
    this.timer = this.options.timers.set(() => this.tick(socket), PING_EVERY_MS)
  }

  /** One that is opening or closing takes no words; the silence is being counted all the same. */
  private ping(socket: SocketLike): void {
    if (socket.readyState !== WebSocket.OPEN) return
    socket.send(JSON.stringify({ kind: 'ping', quality: this.options.quality(), at: this.options.now() }))
  }

  private lost(): void {
    this.options.onState('lost')
    this.timer = this.options.timers.set(() => this.connect(), RETRY_MS)
  }

  private drop(): void {
    this.options.timers.clear(this.timer)
    this.timer = undefined
    const socket = this.socket
    this.socket = null
    socket?.close()
  }
}
