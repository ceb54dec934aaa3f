import { beforeEach, describe, expect, test } from 'vitest'
import { ApiProblem } from '@/api'
import { LOOK_EVERY_MS } from '@/call/leg'
import { CallSession, type LegView } from '@/call/session'
import { aRoom, aSeat, peers, sends } from './callFakes'
import { settled, StandingClock } from './linkFakes'

let clock: StandingClock
let made: ReturnType<typeof peers>
let views: Map<number | null, LegView | null>
let asked: string[]
let refuse: Error | null
let session: CallSession

const track = (kind: string) => ({ kind, getSettings: () => ({}) }) as unknown as MediaStreamTrack
const officer = (generation = 1, over = {}) => aSeat({ id: 2, name: 'Wang', role: 'officer', publication: sends(generation, over) })

beforeEach(() => {
  clock = new StandingClock()
  made = peers()
  views = new Map()
  asked = []
  refuse = null
  const take = (what: string) => async () => {
    asked.push(what)
    if (refuse) throw refuse
    return { answer: 'answer', location: `/legs/${asked.length}` }
  }
  session = new CallSession({
    timers: clock,
    makePeer: () => made.make(),
    makeStream: (tracks) => ({ tracks }) as unknown as MediaStream,
    doors: { publish: take('publish'), view: (of) => take(`view ${of}`)(), endLeg: (location) => asked.push(`end ${location}`) },
    onLeg: (seat, view) => views.set(seat, view),
  })
})

test('everybody who sends is viewed, and nobody else: neither oneself nor those who look on', async () => {
  session.apply(aRoom([aSeat({ publication: sends() }), officer(), aSeat({ id: 3 })]))
  await settled()
  expect(asked).toEqual(['view 2'])
  expect(made.last.kinds).toEqual(['recvonly audio', 'recvonly video'])
})

test('sound and picture of one leg are one stream', async () => {
  session.apply(aRoom([aSeat(), officer()]))
  await settled()
  made.last.bring(track('audio'))
  made.last.bring(track('video'))
  expect((views.get(2)!.stream as unknown as { tracks: { kind: string }[] }).tracks.map(({ kind }) => kind)).toEqual(['audio', 'video'])
})

test('the same room told twice changes nothing', async () => {
  session.apply(aRoom([aSeat(), officer()]))
  await settled()
  session.apply(aRoom([aSeat(), officer(1, { stalled: true })], { version: 2 }))
  await settled()
  expect(asked).toEqual(['view 2'])
})

test('whoever stops sending is no longer viewed, and comes back as new', async () => {
  session.apply(aRoom([aSeat(), officer()]))
  await settled()
  session.apply(aRoom([aSeat(), aSeat({ id: 2 })]))
  expect(views.get(2)).toBeNull()
  expect(made.made[0]!.closed).toBe(true)
  session.apply(aRoom([aSeat(), officer(2)]))
  await settled()
  expect(asked).toEqual(['view 2', 'end /legs/1', 'view 2'])
})

describe('one who has just come', () => {
  const called = (state: 'ringing' | 'present' | 'away') => aRoom([aSeat(), aSeat({ id: 2, role: 'officer', state })])

  test('is asked for before being announced, and the leg is kept when they are', async () => {
    session.apply(called('ringing'))
    await settled()
    expect(asked).toEqual([])
    session.apply(called('present'))
    await settled()
    expect(asked).toEqual(['view 2'])
    session.apply(aRoom([aSeat(), officer(4)]))
    await clock.pass(LOOK_EVERY_MS)
    expect(asked).toEqual(['view 2'])
    expect(made.made).toHaveLength(1)
  })

  test('and sends nothing is not asked for again until they do', async () => {
    refuse = new ApiProblem(409, { detail: 'sends nothing yet' }, 1)
    session.apply(called('ringing'))
    session.apply(called('present'))
    await clock.pass(10_000)
    session.apply(called('present'))
    await clock.pass(10_000)
    expect(asked).toEqual(['view 2'])
    expect(views.get(2)).toBeNull()
    refuse = null
    session.apply(aRoom([aSeat(), officer()]))
    await settled()
    expect(asked).toEqual(['view 2', 'view 2'])
  })

  test('and goes before anything came is no longer awaited', async () => {
    session.apply(called('ringing'))
    session.apply(called('present'))
    await settled()
    session.apply(aRoom([aSeat(), aSeat({ id: 2, state: 'left' })]))
    expect(views.get(2)).toBeNull()
    expect(made.made[0]!.closed).toBe(true)
  })

  test('is not one who was away for a moment', async () => {
    session.apply(called('away'))
    session.apply(called('present'))
    await settled()
    expect(asked).toEqual([])
  })
})

test('what we send is built once and then only exchanged', async () => {
  session.apply(aRoom())
  session.publish([track('audio'), track('video')])
  await settled()
  expect(made.last.kinds).toEqual(['sendonly audio', 'sendonly video'])
  const back = track('video')
  await session.replace(back)
  expect(made.made).toHaveLength(1)
  expect(made.last.senders.map(({ replaced }) => replaced)).toEqual([[], [back]])
})

test('no pictures are sent while the hub finds our network too poor for them', async () => {
  const me = (video_paused: boolean) => aRoom([aSeat({ publication: sends(1, { video_paused }) })])
  session.apply(me(false))
  session.publish([track('audio'), track('video')])
  await settled()
  const pictures = () => made.last.senders[1]!.encodings[0]!.active
  made.last.become('connected')
  expect(pictures()).toBe(true)
  session.apply(me(true))
  expect(pictures()).toBe(false)
  session.apply(me(false))
  expect(pictures()).toBe(true)
})

describe('what the server says to an offer', () => {
  test('no right to be here: it is not asked again', async () => {
    refuse = new ApiProblem(403, { detail: 'not yours' })
    session.apply(aRoom([aSeat(), officer()]))
    await clock.pass(30_000)
    expect(asked).toEqual(['view 2'])
    expect(views.get(2)!.state).toBe('refused')
  })

  test('whoever has the seat again asks again', async () => {
    refuse = new ApiProblem(403, { detail: 'join the room first' })
    session.apply(aRoom([aSeat({ state: 'left' }), officer()]))
    session.publish([track('audio')])
    await settled()
    refuse = null
    session.apply(aRoom([aSeat(), officer()], { version: 2 }))
    await settled()
    expect(asked).toEqual(['view 2', 'publish', 'publish', 'view 2'])
  })

  test('not yet, or no hub at the moment: it is asked until it works', async () => {
    refuse = new ApiProblem(404, { detail: 'sends nothing yet' })
    session.apply(aRoom([aSeat(), officer()]))
    await clock.pass(1_500)
    expect(asked).toEqual(['view 2', 'view 2', 'view 2'])
    refuse = new ApiProblem(503, { detail: 'the hub is busy' }, 2)
    await clock.pass(700)
    refuse = null
    await clock.pass(1_800)
    expect(asked).toHaveLength(4)
    await clock.pass(200)
    expect(asked).toHaveLength(5)
  })
})

test('leaving ends every leg at the server, at once', async () => {
  session.apply(aRoom([aSeat(), officer()]))
  session.publish([track('audio')])
  await settled()
  session.end()
  expect(asked.slice(2).sort()).toEqual(['end /legs/1', 'end /legs/2'])
  await clock.pass(10_000)
  expect(made.made.every(({ closed }) => closed)).toBe(true)
  expect(clock.waiting).toBe(0)
})

test('this place receives as badly as its worst leg, of those that are live', async () => {
  session.apply(aRoom([aSeat(), officer(), aSeat({ id: 3, publication: sends() })]))
  await settled()
  expect(session.quality).toBeNull()
  made.made[0]!.healthy = true
  made.made[0]!.become('connected')
  await clock.pass(LOOK_EVERY_MS * 2)
  expect(session.quality).toEqual({ fps: null, lost: 0, rtt_ms: null })
})
