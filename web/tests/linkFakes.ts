/** A clock that stands still until it is told to go on, and a socket without a network. */
import type { SocketLike } from '@/live/feed'
import type { Timers } from '@/live/timers'

export const settled = async () => {
  for (let i = 0; i < 30; i += 1) await Promise.resolve()
}

export class StandingClock implements Timers {
  private time = 0
  private last = 0
  private readonly due = new Map<number, { at: number; run: () => void }>()
  now() {
    return this.time
  }
  set(run: () => void, ms: number) {
    this.due.set(++this.last, { at: this.time + ms, run })
    return this.last
  }
  clear(id: number | undefined) {
    if (id !== undefined) this.due.delete(id)
  }
  get waiting() {
    return this.due.size
  }
  async pass(ms: number) {
    const until = this.time + ms
    for (;;) {
      await settled()
      const next = [...this.due].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0]
      if (!next) break
      this.due.delete(next[0])
      this.time = Math.max(this.time, next[1].at) // later than it was to be, if the page slept
      next[1].run()
    }
    this.time = until
    await settled()
  }
  /** Time goes by in which nothing is done, e.g. in a page that is busy. */
  sleep(ms: number) {
    this.time += ms
  }
}

export class FakeSocket implements SocketLike {
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: CloseEvent) => void) | null = null
  closed = false
  readyState: number = WebSocket.CONNECTING
  readonly said: unknown[] = []
  constructor(readonly path: string) {}
  close() {
    this.closed = true
  }
  send(data: string) {
    this.said.push(JSON.parse(data))
  }
  open() {
    this.readyState = WebSocket.OPEN
    this.onopen?.(new Event('open'))
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent)
  }
  end(code: number) {
    this.readyState = WebSocket.CLOSED
    this.onclose?.({ code } as CloseEvent)
  }
}
