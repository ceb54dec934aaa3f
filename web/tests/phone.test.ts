// @vitest-environment jsdom
import { expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import type { Fix, Route } from '@/api'
import { exifTime } from '@/phone/picture'
import { progressOn } from '@/phone/progress'
import { isMoving, metresBetween, sharingPlan } from '@/phone/sharingPlan'
import { useUpdates, type WorkerLink } from '@/phone/updates'

const fix = (lon: number, over: Partial<Fix> = {}): Fix => ({
  lon, lat: 36.7, at: '2026-01-05T02:00:00Z', accuracy_m: 8, speed_mps: null, heading: null, ...over,
})

test('the phone looks where it is more often on a task and while moving, less often with a low battery', () => {
  const every = (onTask: boolean, moving: boolean, level: number | null = null, charging = false) =>
    sharingPlan({ onTask, moving, battery: level === null ? null : { level, charging } }).everyMs
  expect(every(true, true)).toBeLessThan(every(true, false))
  expect(every(true, false)).toBeLessThanOrEqual(every(false, true))
  expect(every(false, true)).toBeLessThan(every(false, false))
  expect(every(false, false, 0.1)).toBeGreaterThan(every(false, false, 0.9))
  expect(every(false, false, 0.1, true)).toBe(every(false, false))
  // A position counts as old after 300 s: even the slowest rate may miss twice.
  expect(every(false, false, 0.1) * 3).toBeLessThan(300_000)
  expect(sharingPlan({ onTask: true, moving: false, battery: { level: 0.1, charging: false } }).highAccuracy).toBe(true)
  expect(sharingPlan({ onTask: false, moving: false, battery: { level: 0.1, charging: false } }).highAccuracy).toBe(false)
})

test('movement is told by speed, or by more way than the positions may be wrong', () => {
  expect(isMoving(null, fix(119))).toBe(false)
  expect(isMoving(null, fix(119, { speed_mps: 1.4 }))).toBe(true)
  expect(isMoving(fix(119), fix(119.0001))).toBe(false) // 9 m
  expect(isMoving(fix(119), fix(119.001))).toBe(true) // 89 m
  expect(isMoving(fix(119), fix(119.001, { accuracy_m: 200 }))).toBe(false)
})

test('distances are good to a percent', () => {
  // One degree of latitude at 36.7° is 110,980 m on the ellipsoid; one of longitude 89,380 m.
  expect(metresBetween([119, 36.2], [119, 37.2]) / 110_980).toBeCloseTo(1, 1.9)
  expect(metresBetween([118.5, 36.7], [119.5, 36.7]) / 89_380).toBeCloseTo(1, 1.9)
})

const ROUTE: Route = {
  roads_version: '1', travel_time_s: 160, road_distance_m: 3000, walk_s: 10,
  route: { type: 'LineString', coordinates: [[119, 36.7], [119.02, 36.7], [119.02, 36.71]] },
  steps: [
    { name: '东风街', road_class: 'primary', distance_m: 1800, travel_time_s: 90 },
    { name: null, road_class: 'link', distance_m: 100, travel_time_s: 20 },
    { name: '柳泉南路', road_class: 'secondary', distance_m: 1100, travel_time_s: 40 },
  ],
}

test('at the beginning of a route all of it is left, at the end nothing', () => {
  expect(progressOn(ROUTE, [119, 36.7])).toMatchObject({ remainingM: 3000, street: '东风街', next: { name: '柳泉南路', inM: 1900 } })
  expect(progressOn(ROUTE, [119, 36.7]).remainingS).toBeCloseTo(160)
  const end = progressOn(ROUTE, [119.02, 36.71])
  expect(end.remainingM).toBeCloseTo(0)
  expect(end.remainingS).toBeCloseTo(0)
  expect(end.next).toBeNull()
})

test('on the way the rest shrinks with each step', () => {
  let before = progressOn(ROUTE, [119, 36.7])
  for (const place of [[119.005, 36.7], [119.012, 36.7001], [119.02, 36.702], [119.0201, 36.708]] as const) {
    const now = progressOn(ROUTE, place)
    expect(now.remainingM).toBeLessThan(before.remainingM)
    expect(now.remainingS).toBeLessThan(before.remainingS)
    expect(now.offRoute).toBeLessThan(30)
    before = now
  }
  expect(before.street).toBe('柳泉南路')
})

test('beside the route the distance to it is told', () => {
  expect(progressOn(ROUTE, [119.01, 36.71]).offRoute).toBeGreaterThan(500)
})

test('the time of a picture is the camera’s, with its zone if it wrote one', () => {
  expect(exifTime('2026:01:05 10:20:30', '+08:00')).toBe('2026-01-05T02:20:30.000Z')
  expect(exifTime('2026:01:05 10:20:30')).toBe(new Date('2026-01-05T10:20:30').toISOString())
  expect(exifTime('2026:01:05 10:20:30', 'nonsense')).toBe(new Date('2026-01-05T10:20:30').toISOString())
  expect(exifTime('    :  :     :  :  ')).toBeNull()
})

function aWorker() {
  let [waiting, replaced] = [() => {}, () => {}]
  const link: WorkerLink = {
    register: vi.fn(async () => undefined),
    update: vi.fn(async () => undefined),
    onWaiting: (run) => (waiting = run),
    onReplaced: (run) => (replaced = run),
    takeOver: vi.fn(),
  }
  return { link, wait: () => waiting(), replace: () => replaced() }
}

test('a new version waits until nothing is in hand, and the page is made anew only then', async () => {
  const { link, wait, replace } = aWorker()
  const safe = ref(false)
  const reload = vi.fn()
  const scope = effectScope()
  const waiting = scope.run(() => useUpdates(safe, link, reload))!
  expect(link.register).toHaveBeenCalledOnce()
  wait()
  await nextTick()
  expect(waiting.value).toBe(true)
  expect(link.takeOver).not.toHaveBeenCalled()
  safe.value = true
  await nextTick()
  expect(link.takeOver).toHaveBeenCalledOnce()
  safe.value = false
  replace() // by another tab, in the middle of something
  await nextTick()
  expect(reload).not.toHaveBeenCalled()
  safe.value = true
  await nextTick()
  expect(reload).toHaveBeenCalledOnce()
  scope.stop()
})
