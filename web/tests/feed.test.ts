// @vitest-environment jsdom
import { beforeEach, describe, expect, test } from 'vitest'
import { CLOSE_NOT_SIGNED_IN, CLOSE_TOO_SLOW, type Frame, LiveFeed, type LinkState } from '@/live/feed'
import { FakeSocket, settled, StandingClock } from './linkFakes'

let sockets: FakeSocket[]
let states: LinkState[]
let delivered: Frame[]
let snapshots: { resolve: () => void; reject: (error: Error) => void }[]
let alive: boolean
let timers: StandingClock
let feed: LiveFeed

const socket = () => sockets.at(-1)!
const seqs = () => delivered.map(({ seq }) => seq)
const raised = (seq: number): Frame => ({ seq, kind: 'alert.raised', data: { id: seq } })

async function connected() {
  feed.start()
  socket().open()
  socket().say({ kind: 'hello', data: { seq: 10 } })
  snapshots.at(-1)!.resolve()
  await settled()
}

beforeEach(() => {
  sockets = []
  states = []
  delivered = []
  snapshots = []
  alive = true
  timers = new StandingClock()
  feed = new LiveFeed({
    topics: ['alerts', 'officers'],
    loadSnapshot: () => new Promise((resolve, reject) => snapshots.push({ resolve, reject })),
    deliver: (frames) => delivered.push(...frames),
    onState: (state) => states.push(state),
    probe: async () => {
      if (!alive) throw new Error('gone')
    },
    openSocket: (path) => {
      sockets.push(new FakeSocket(path))
      return socket()
    },
    timers,
    random: () => 1,
  })
})

describe('snapshot, then changes', () => {
  test('changes that arrive before the snapshot are delivered after it', async () => {
    feed.start()
    socket().open()
    socket().say(raised(11))
    expect(delivered).toEqual([])
    snapshots[0]!.resolve()
    await settled()
    expect(seqs()).toEqual([11])
    expect(states).toEqual(['connecting', 'current'])
  })

  test('a burst is delivered at once, a tenth of a second later', async () => {
    await connected()
    socket().say(raised(11))
    socket().say(raised(12))
    expect(delivered).toEqual([])
    await timers.pass(100)
    expect(seqs()).toEqual([11, 12])
  })

  test('the topics are asked for by name', () => {
    feed.start()
    expect(socket().path).toBe('/api/live?topics=alerts%2Cofficers')
  })
})

describe('after a break', () => {
  test('the feed comes back with the last number it delivered and takes a new snapshot', async () => {
    await connected()
    socket().say(raised(11))
    await timers.pass(100)
    socket().end(1006)
    expect(states.at(-1)).toBe('reconnecting')
    await timers.pass(500)
    expect(sockets).toHaveLength(2)
    expect(socket().path).toContain('since=11')
    socket().open()
    snapshots.at(-1)!.resolve()
    await settled()
    expect(snapshots).toHaveLength(2)
    expect(states.at(-1)).toBe('current')
  })

  test('what was heard but not delivered is asked for again', async () => {
    await connected()
    socket().say(raised(11))
    socket().end(1006)
    await timers.pass(500)
    expect(delivered).toEqual([])
    expect(socket().path).toContain('since=10')
  })

  test('an old socket that still speaks is not listened to', async () => {
    await connected()
    const old = socket()
    old.end(1006)
    await timers.pass(500)
    socket().open()
    snapshots.at(-1)!.resolve()
    await settled()
    old.say(raised(99))
    old.end(CLOSE_NOT_SIGNED_IN)
    await timers.pass(100)
    expect(delivered).toEqual([])
    expect(states.at(-1)).toBe('current')
  })

  test('the pauses grow up to eight seconds', async () => {
    feed.start()
    for (const pause of [500, 1000, 2000, 4000, 8000, 8000]) {
      const before = sockets.length
      socket().end(1006)
      await timers.pass(pause - 1)
      expect(sockets).toHaveLength(before)
      await timers.pass(1)
      expect(sockets).toHaveLength(before + 1)
    }
  })

  test('a failed snapshot is a break too', async () => {
    feed.start()
    socket().open()
    snapshots[0]!.reject(new Error('503'))
    await settled()
    expect(states.at(-1)).toBe('reconnecting')
    expect(socket().closed).toBe(true)
  })

  test('a watcher that was cut off for being slow comes back at once', async () => {
    await connected()
    socket().end(CLOSE_TOO_SLOW)
    await timers.pass(0)
    expect(sockets).toHaveLength(2)
  })

  test('someone who is not signed in is not connected again', async () => {
    feed.start()
    socket().end(CLOSE_NOT_SIGNED_IN)
    await timers.pass(60_000)
    expect(states.at(-1)).toBe('refused')
    expect(sockets).toHaveLength(1)
  })
})

describe('silence', () => {
  test('a quiet server that answers is not a lost one', async () => {
    await connected()
    await timers.pass(30_000)
    expect(states.at(-1)).toBe('current')
    expect(sockets).toHaveLength(1)
  })

  test('a server that does not answer is noticed within ten seconds', async () => {
    await connected()
    alive = false
    await timers.pass(9_000)
    expect(states).toContain('reconnecting')
  })

  test('a stopped feed does nothing more', async () => {
    await connected()
    feed.stop()
    await timers.pass(60_000)
    expect(sockets).toHaveLength(1)
    expect(states.at(-1)).toBe('idle')
  })
})

describe('the part of the map that is shown', () => {
  test('is said as soon as there is someone to hear it, and again after a break', async () => {
    feed.show([118, 36, 120, 37])
    feed.start()
    expect(socket().said).toEqual([])
    socket().open()
    expect(socket().said).toEqual([{ view: [118, 36, 120, 37] }])
    feed.show([119, 36, 120, 37])
    feed.reconnect()
    await timers.pass(10_000)
    socket().open()
    expect(socket().said).toEqual([{ view: [119, 36, 120, 37] }])
  })

  test('is everything when nothing else was said, and can be everything again', async () => {
    await connected()
    expect(socket().said).toEqual([])
    feed.show([118, 36, 120, 37])
    feed.show(null)
    expect(socket().said).toEqual([{ view: [118, 36, 120, 37] }, { view: null }])
  })
})
