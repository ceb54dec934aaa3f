import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Answer, AskLater, FIRST_LOOKS_MS, FOLLOW_MS, Leg, LegRefused, type LegState, LOOK_COUNTS_AT_MOST_MS, LOOK_EVERY_MS, OWN_ADDRESSES_MS, RETRY_MS, SILENCE_MS,
} from '@/call/leg'
import { peers } from './callFakes'
import { settled, StandingClock } from './linkFakes'

let clock: StandingClock
let made: ReturnType<typeof peers>
let states: LegState[]
let offers: string[]
let ended: string[]
let answer: (offer: string) => Promise<Answer>
let leg: Leg

beforeEach(() => {
  clock = new StandingClock()
  made = peers()
  states = []
  offers = []
  ended = []
  answer = async (offer) => ({ sdp: `answer to ${offer}`, end: () => ended.push(offer) })
  leg = new Leg({
    timers: clock,
    makePeer: made.make,
    prepare: () => undefined,
    exchange: (offer) => {
      offers.push(offer)
      return answer(offer)
    },
    onState: (state) => states.push(state),
  })
})

async function live(): Promise<void> {
  leg.start()
  await settled()
  made.last.healthy = true
  made.last.become('connected')
  await clock.pass(LOOK_EVERY_MS)
}

test('one offer, one answer, and it is live', async () => {
  await live()
  expect(offers).toEqual(['offer 1'])
  expect(made.last.remote).toBe('answer to offer 1')
  expect(states).toEqual(['live'])
  await clock.pass(60_000)
  expect(made.made).toHaveLength(1)
})

describe('a leg that hears nothing', () => {
  test('is built anew once, and the old one is ended', async () => {
    await live()
    made.last.healthy = false
    await clock.pass(SILENCE_MS - LOOK_EVERY_MS)
    expect(made.made).toHaveLength(1)
    await clock.pass(LOOK_EVERY_MS)
    expect(made.made).toHaveLength(2)
    expect(made.made[0]!.closed).toBe(true)
    expect(ended).toEqual(['offer 1'])
    expect(states).toEqual(['live', 'rebuilding'])
    made.last.healthy = true
    made.last.become('connected')
    await clock.pass(30_000)
    expect(states).toEqual(['live', 'rebuilding', 'live'])
    expect(offers).toEqual(['offer 1', 'offer 2'])
  })

  test('is not given up for reports without sound or picture: the other side may be muted', async () => {
    await live()
    made.last.rtp = 0
    for (let i = 0; i < 20; i += 1) {
      made.last.healthy = false
      made.last.packets += 1
      await clock.pass(LOOK_EVERY_MS)
    }
    expect(made.made).toHaveLength(1)
  })

  test('that never connected is tried again', async () => {
    leg.start()
    await clock.pass(5_500)
    expect(made.made.length).toBe(2)
    expect(states).toEqual([])
  })
})

test('while the server cannot be reached it asks again each 0.7 s, and comes back by itself', async () => {
  await live()
  const works = answer
  answer = () => Promise.reject(new Error('no network'))
  made.last.become('failed')
  await clock.pass(RETRY_MS * 5)
  expect(offers.length).toBe(6)
  answer = works
  await clock.pass(RETRY_MS)
  made.last.healthy = true
  made.last.become('connected')
  await clock.pass(LOOK_EVERY_MS)
  expect(states).toEqual(['live', 'rebuilding', 'live'])
  expect(made.made.filter(({ closed }) => !closed)).toHaveLength(1)
})

test('a busy hub says when to ask again', async () => {
  const works = answer
  answer = () => Promise.reject(new AskLater(2_000))
  leg.start()
  await clock.pass(1_900)
  expect(offers).toHaveLength(1)
  answer = works
  await clock.pass(200)
  expect(offers).toHaveLength(2)
})

test('a refused leg stays refused until it is wanted anew', async () => {
  answer = () => Promise.reject(new LegRefused('not yours'))
  leg.start()
  await clock.pass(60_000)
  expect(offers).toHaveLength(1)
  expect(states).toEqual(['refused'])
})

test('an answer that comes too late is ended at the server', async () => {
  let late: (answer: Answer) => void = () => {}
  answer = () => new Promise((resolve) => (late = resolve))
  leg.start()
  await settled()
  leg.end()
  late({ sdp: 'late', end: () => ended.push('late') })
  await settled()
  expect(ended).toEqual(['late'])
  expect(made.last.remote).toBeNull()
  expect(clock.waiting).toBe(0)
})

test('an ended leg is silent for good', async () => {
  await live()
  leg.end()
  made.last.become('failed')
  await clock.pass(60_000)
  expect(made.made).toHaveLength(1)
  expect(ended).toEqual(['offer 1'])
  expect(states).toEqual(['live', 'ended'])
})

describe('when the one who is viewed was built anew', () => {
  test('a leg that goes on by itself is kept', async () => {
    await live()
    leg.expectFollowing()
    await clock.pass(30_000)
    expect(made.made).toHaveLength(1)
  })

  test('a leg through which nothing comes any more is replaced once', async () => {
    await live()
    made.last.healthy = false
    const alive = async () => {
      made.made[0]!.packets += 1 // reports go on: the connection itself is well
      await clock.pass(LOOK_EVERY_MS)
    }
    leg.expectFollowing()
    for (let ms = 0; ms < FOLLOW_MS; ms += LOOK_EVERY_MS) await alive()
    expect(made.made).toHaveLength(2)
    made.last.healthy = true
    made.last.become('connected')
    await clock.pass(30_000)
    expect(made.made).toHaveLength(2)
  })

  test('a leg that was waiting to ask again asks at once', async () => {
    answer = () => Promise.reject(new Error('nobody sends'))
    leg.start()
    await settled()
    leg.expectFollowing()
    await settled()
    expect(offers).toHaveLength(2)
  })
})

test('a fresh leg is looked at ten times a second, one that has run for a while twice', async () => {
  const looks: number[] = []
  leg = new Leg({ timers: clock, makePeer: made.make, prepare: () => undefined, exchange: answer, onFigures: ({ packets }) => looks.push(packets) })
  await live()
  looks.length = 0
  await clock.pass(FIRST_LOOKS_MS * 10)
  expect(looks).toHaveLength(10)
  await clock.pass(10_000)
  looks.length = 0
  await clock.pass(LOOK_EVERY_MS * 10)
  expect(looks).toHaveLength(10)
})

describe('a page that is late with its looks', () => {
  test('counts the time that passed: a fresh leg on a slow device is as soon found to be silent', async () => {
    await live()
    made.last.healthy = false
    let passed = 0
    for (; made.made.length === 1; passed += 900) {
      clock.sleep(900 - FIRST_LOOKS_MS)
      await clock.pass(FIRST_LOOKS_MS)
    }
    expect(passed).toBeLessThan(SILENCE_MS + 1_000)
  })

  test('is not deaf for having slept: what was silent for two looks is not yet given up', async () => {
    await live()
    made.last.healthy = false
    for (let look = 1; look * LOOK_COUNTS_AT_MOST_MS < SILENCE_MS; look += 1) {
      clock.sleep(60_000)
      await clock.pass(0)
    }
    expect(made.made).toHaveLength(1)
    made.last.healthy = true
    await clock.pass(10_000)
    expect(made.made).toHaveLength(1)
  })

  test('judges by it how many pictures come a second', async () => {
    let fps = 0
    leg = new Leg({ timers: clock, makePeer: made.make, prepare: () => undefined, exchange: answer, onFigures: (_, quality) => (fps = quality.fps) })
    await live()
    clock.sleep(1_000)
    await clock.pass(0)
    expect(fps).toBe(15)
  })
})

test('how good it is is judged over half a second, however often it is looked at', async () => {
  const seen: number[] = []
  leg = new Leg({ timers: clock, makePeer: made.make, prepare: () => undefined, exchange: answer, onFigures: (_, { fps }) => seen.push(fps) })
  await live()
  seen.length = 0
  await clock.pass(LOOK_EVERY_MS)
  // 15 pictures come between two looks, of which there are five in that time.
  expect(seen).toEqual([150, 150, 150, 150, 150])
})

describe('the addresses of an offer', () => {
  function gathering(servers: RTCIceServer[] = []): void {
    leg = new Leg({
      timers: clock,
      makePeer: () => Object.assign(made.make(), { iceGatheringState: 'gathering' as const, servers }),
      prepare: () => undefined,
      exchange: (offer) => {
        offers.push(offer)
        return answer(offer)
      },
    })
    leg.start()
  }

  test('that are never found do not hold it up', async () => {
    gathering()
    await clock.pass(900)
    expect(offers).toEqual([])
    await clock.pass(200)
    expect(offers).toEqual(['offer 1'])
  })

  test('are enough when the own ones are known: nobody waits to hear that there are no more', async () => {
    gathering()
    await settled()
    made.last.tell('icecandidate')
    await clock.pass(OWN_ADDRESSES_MS - 1)
    expect(offers).toEqual([])
    made.last.tell('icecandidate')
    await clock.pass(1)
    expect(offers).toEqual(['offer 1'])
  })

  test('of relays are waited for', async () => {
    gathering([{ urls: 'turn:10.0.0.1:3478' }])
    await settled()
    made.last.tell('icecandidate')
    await clock.pass(300)
    expect(offers).toEqual([])
    made.last.gather('complete')
    await settled()
    expect(offers).toEqual(['offer 1'])
  })
})
