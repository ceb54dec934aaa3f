// @vitest-environment jsdom
import { beforeEach, expect, test } from 'vitest'
import type { Room } from '@/api'
import { Presence, type PresenceState } from '@/call/presence'
import { aRoom } from './callFakes'
import { FakeSocket, StandingClock } from './linkFakes'

let clock: StandingClock
let sockets: FakeSocket[]
let states: PresenceState[]
let rooms: Room[]

const socket = () => sockets.at(-1)!

function begin(token: string | null = null): Presence {
  const presence = new Presence({
    roomId: 9,
    token,
    onRoom: (room) => rooms.push(room),
    onState: (state) => states.at(-1) !== state && states.push(state),
    quality: () => ({ fps: 15, lost: 0.01, rtt_ms: 20 }),
    openSocket: (path) => {
      sockets.push(new FakeSocket(path))
      return socket()
    },
    timers: clock,
    now: () => 1_767_578_400_000,
  })
  presence.start()
  return presence
}

beforeEach(() => {
  clock = new StandingClock()
  sockets = []
  states = []
  rooms = []
})

test('the room comes at once and after every change; each ping says how well we receive', async () => {
  begin()
  expect(socket().path).toBe('/api/rooms/9/presence')
  socket().open()
  socket().say({ kind: 'room', data: aRoom() })
  expect(rooms.map(({ id }) => id)).toEqual([9])
  await clock.pass(1_500)
  expect(socket().said).toEqual([{ kind: 'ping', quality: { fps: 15, lost: 0.01, rtt_ms: 20 }, at: 1_767_578_400_000 }])
  expect(states).toEqual(['connecting', 'current'])
})

test('a socket that is not open, or closes already, is not spoken to', async () => {
  begin()
  await clock.pass(1_500)
  socket().open()
  socket().readyState = WebSocket.CLOSING
  await clock.pass(1_500)
  expect(socket().said).toEqual([])
})

test('a guest says the token of the seat first', () => {
  begin('seat-token')
  socket().open()
  expect(socket().said).toEqual([{ token: 'seat-token' }])
})

test('a socket that answers is kept; one that is silent is made anew, and the call with it', async () => {
  begin()
  socket().open()
  socket().say({ kind: 'room', data: aRoom() })
  for (let i = 0; i < 10; i += 1) {
    await clock.pass(1_500)
    socket().say({ kind: 'pong' })
  }
  expect(sockets).toHaveLength(1)
  await clock.pass(6_000)
  expect(sockets[0]!.closed).toBe(true)
  expect(states.at(-1)).toBe('lost')
  await clock.pass(700)
  expect(sockets).toHaveLength(2)
  socket().open()
  socket().say({ kind: 'room', data: aRoom() })
  expect(states.at(-1)).toBe('current')
})

test('a room that is not ours is not knocked at again', async () => {
  begin()
  socket().end(4404)
  await clock.pass(60_000)
  expect(sockets).toHaveLength(1)
  expect(states.at(-1)).toBe('refused')
})

test('whoever is taken out stays out, and is told so', async () => {
  begin()
  socket().open()
  socket().end(4403)
  await clock.pass(60_000)
  expect(sockets).toHaveLength(1)
  expect(states.at(-1)).toBe('removed')
})

test('a stopped presence is over', async () => {
  const presence = begin()
  socket().open()
  presence.stop()
  expect(socket().closed).toBe(true)
  expect(clock.waiting).toBe(0)
})
