import { describe, expect, test } from 'vitest'
import { doubtM, type Fix, latitude, longitude, mercatorX, mercatorY, metresPerUnit, Movers, SELECTED, STRIDE } from '@/map/movers'
import { Pace } from '@/map/pace'
import { type Box, partFor } from '@/map/useView'

const T0 = Date.parse('2026-01-05T02:00:00Z')
const fix = (over: Partial<Fix> = {}): Fix => ({
  id: 1, lon: 119, lat: 36, at: T0, status: 'free', heading: 90, speedMps: 10, accuracyM: 5, ...over,
})

/** Officer 1 at 119° E, and ten seconds later 0.001° (some 90 m) farther east. */
function driving(): Movers {
  const movers = new Movers()
  movers.put(fix(), T0)
  movers.put(fix({ lon: 119.001, at: T0 + 10_000 }), T0 + 10_000)
  return movers
}

describe('between two fixes', () => {
  test('an officer glides for as long as usually lies between them, and never beyond the newer', () => {
    const movers = driving()
    const lonAt = (seconds: number) => movers.at(1, T0 + 1000 * seconds)!.lon
    expect(lonAt(10)).toBeCloseTo(119, 6)
    expect(lonAt(15)).toBeCloseTo(119.0005, 6)
    expect(lonAt(20)).toBeCloseTo(119.001, 6)
    expect(lonAt(500)).toBeCloseTo(119.001, 6)
    expect([movers.moving(T0 + 19_999), movers.moving(T0 + 20_001)]).toEqual([true, false])
  })

  test('a fix that comes on the way turns them from where they are drawn', () => {
    const movers = driving()
    movers.put(fix({ lon: 119.001, lat: 36.001, at: T0 + 15_000 }), T0 + 15_000)
    expect(movers.at(1, T0 + 15_000)!.lon).toBeCloseTo(119.0005, 6)
    expect(movers.at(1, T0 + 20_000)).toEqual({ lon: expect.closeTo(119.001, 6), lat: expect.closeTo(36.001, 6) })
  })

  test('the same fix again does not stop a glide', () => {
    const movers = driving()
    movers.put(fix({ lon: 119.001, at: T0 + 10_000, status: 'busy' }), T0 + 12_000)
    expect(movers.at(1, T0 + 15_000)!.lon).toBeCloseTo(119.0005, 6)
  })

  test('nobody is shown driving faster than a car: they are there at once', () => {
    const movers = new Movers()
    movers.put(fix(), T0)
    movers.put(fix({ lon: 119.1, at: T0 + 10_000 }), T0 + 10_000)
    expect(movers.at(1, T0 + 10_000)!.lon).toBeCloseTo(119.1, 5)
    expect(movers.moving(T0 + 10_001)).toBe(false)
  })

  test('who wants no movement sees none', () => {
    const movers = new Movers()
    movers.gliding = false
    movers.put(fix(), T0)
    movers.put(fix({ lon: 119.001, at: T0 + 10_000 }), T0 + 10_000)
    expect(movers.at(1, T0 + 10_000)!.lon).toBeCloseTo(119.001, 6)
  })

  test('after days the times are still exact', () => {
    const movers = driving()
    const later = T0 + 30 * 86_400_000
    movers.put(fix({ lon: 119, at: later }), later)
    movers.put(fix({ lon: 119.001, at: later + 10_000 }), later + 10_000)
    expect(movers.at(1, later + 12_000)!.lon).toBeCloseTo(119.0002, 6)
  })
})

test('places are exact to a hand across the whole province', () => {
  const movers = new Movers()
  movers.put(fix({ lon: 115, lat: 34.5 }), T0)
  movers.put(fix({ id: 2, lon: 122.654321, lat: 38.123456 }), T0)
  const { lon, lat } = movers.at(2, T0)!
  expect(Math.abs(lon - 122.654321) * 88_000).toBeLessThan(0.2)
  expect(Math.abs(lat - 38.123456) * 111_000).toBeLessThan(0.2)
  expect([longitude(mercatorX(117.5)), latitude(mercatorY(36.5))]).toEqual([expect.closeTo(117.5, 9), expect.closeTo(36.5, 9)])
})

test('who is gone leaves no trace, and the others stay themselves', () => {
  const movers = new Movers()
  for (let id = 1; id <= 3000; id += 1) movers.put(fix({ id, lon: 118 + id / 3000 }), T0)
  for (let id = 1; id <= 3000; id += 2) movers.remove(id)
  movers.put(fix({ id: 2, status: 'off_duty' }), T0)
  expect(movers.count).toBe(1499)
  expect(movers.at(1, T0)).toBeNull()
  expect(movers.at(2, T0)).toBeNull()
  for (const id of [4, 1500, 3000]) expect(movers.at(id, T0)!.lon).toBeCloseTo(118 + id / 3000, 6)
})

test('the pointer finds who is nearest, and nobody where nobody is', () => {
  const movers = new Movers()
  movers.put(fix(), T0)
  movers.put(fix({ id: 2, lon: 119.01 }), T0)
  const within = 200 / metresPerUnit(mercatorY(36))
  expect(movers.nearest(mercatorX(119.0095), mercatorY(36), within, T0)).toBe(2)
  expect(movers.nearest(mercatorX(119.005), mercatorY(36), within, T0)).toBeNull()
})

test('one is selected at a time, and stays so when moving', () => {
  const movers = driving()
  movers.put(fix({ id: 2 }), T0)
  const sign = (slot: number) => movers.data[slot * STRIDE + 8]
  movers.select(1)
  movers.put(fix({ lon: 119.002, status: 'busy', at: T0 + 20_000 }), T0 + 20_000)
  expect([sign(0), sign(1)]).toEqual([SELECTED + 1, 0])
  movers.select(2)
  expect([sign(0), sign(1)]).toEqual([1, SELECTED])
})

test('doubt grows with the age of a fix', () => {
  expect(doubtM(8, 0)).toBe(8)
  expect(doubtM(8, 300)).toBe(3008)
  expect([...driving().fixes(T0 + 70_000)][0]).toMatchObject({ ageS: expect.closeTo(60, 3), accuracyM: 5 })
})

describe('the pace', () => {
  const play = (pace: Pace, frames: number, everyMs: number, from = 0): number => {
    let at = from
    for (let i = 0; i < frames; i += 1) {
      at += everyMs
      if (pace.due(at)) pace.drawn(at, true)
    }
    return at
  }

  test('is the screen’s while frames are quick', () => {
    const pace = new Pace()
    play(pace, 500, 16.7)
    expect(pace.everyMs).toBe(0)
  })

  test('slows down where a frame takes long, and tries again later', () => {
    const pace = new Pace()
    const at = play(pace, 100, 90)
    expect(pace.everyMs).toBeGreaterThanOrEqual(100)
    const slow = pace.everyMs
    play(pace, 3000, 16.7, at)
    expect(pace.everyMs).toBeLessThan(slow)
  })

  test('one late frame is nothing', () => {
    const pace = new Pace()
    play(pace, 30, 16.7, play(pace, 1, 400, play(pace, 30, 16.7)))
    expect(pace.everyMs).toBe(0)
  })
})

describe('the part of the map that is heard of', () => {
  const sight: Box = [119, 36, 120, 37]

  test('is wider than what is in sight, so that a small move needs no new word', () => {
    const heard = partFor(sight, null)
    expect(heard).toEqual([118.75, 35.75, 120.25, 37.25])
    expect(partFor([119.2, 36.1, 120.2, 37.1], heard)).toBe(heard)
  })

  test('changes when sight leaves it, and when much less would do', () => {
    const heard = partFor(sight, null)
    expect(partFor([119.5, 36, 120.5, 37], heard)).not.toBe(heard)
    expect(partFor([119.4, 36.4, 119.6, 36.6], heard)).toEqual([119.35, 36.35, 119.65, 36.65])
  })

  test('ends where the world ends', () => {
    const world = partFor([-200, -95, 200, 95], null)
    expect(world).toEqual([-180, -90, 180, 90])
    expect(partFor([-200, -80, 200, 80], world)).toBe(world)
  })
})
