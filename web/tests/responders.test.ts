// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useResponders } from '@/stores/responders'
import { useAlerts } from '@/stores/alerts'
import { aResponder, anAlert, anAssignment, aServer, type FakeServer, withStores } from './fakes'

let server: FakeServer
/** The version of the roads and the seconds of officer 4 that each request is answered with, the last one for ever. */
let answers: [version: string, seconds: number][]
beforeEach(() => {
  vi.useFakeTimers()
  server = aServer(() => {
    const [roads_version, travel_time_s] = answers.length > 1 ? answers.shift()! : answers[0]!
    const responders = [aResponder({ travel_time_s }), aResponder({ officer_id: 5, travel_time_s: 300 })]
    responders.sort((a, b) => a.travel_time_s! - b.travel_time_s!)
    return { body: { alert_id: 1, roads_version, recommended: null, in_range: 2, responders } }
  })
  withStores(server.api)
})
afterEach(() => vi.useRealTimers())

test('a closed road is asked for until the server drives round it, and the list says what that changed', async () => {
  answers = [['a+0', 240], ['a+0', 240], ['a+1', 500]]
  const responders = useResponders()
  await responders.load(1)
  const asked = responders.loadOnNewRoads(1)
  await vi.advanceTimersByTimeAsync(5_000)
  await asked
  expect(server.asked).toHaveLength(3)
  expect(responders.changes.get(4)).toEqual({ places: -1, seconds: 260, isCutOff: false })
  expect(responders.changes.get(5)).toEqual({ places: 1, seconds: 0, isCutOff: false })
})

test('a closure far away changes nothing in the list', async () => {
  answers = [['a+0', 240], ['a+1', 240]]
  const responders = useResponders()
  await responders.load(1)
  await responders.loadOnNewRoads(1)
  expect(responders.changes.size).toBe(0)
})

test('the marks go after a while, and with another alert', async () => {
  answers = [['a+0', 240], ['a+1', 500]]
  const responders = useResponders()
  await responders.load(1)
  await responders.loadOnNewRoads(1)
  expect(responders.changes.size).toBe(2)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(responders.changes.size).toBe(0)
})

test('when the first declines or does not answer, the next is the best at once, without a new search', async () => {
  answers = [['a+0', 240]]
  const alerts = useAlerts()
  const responders = useResponders()
  alerts.apply(anAlert())
  await responders.load(1)
  expect(responders.best?.officer_id).toBe(4)
  alerts.applyAssignment(anAssignment({ state: 'offered', version: 1 }))
  expect(responders.list.map(({ officer_id, status }) => [officer_id, status])).toEqual([[5, 'free'], [4, 'busy']])
  expect(responders.best?.officer_id).toBe(5)
  alerts.applyAssignment(anAssignment({ state: 'declined', decline_reason: 'timeout', version: 2 }))
  expect(responders.list.map(({ officer_id, status }) => [officer_id, status])).toEqual([[4, 'free'], [5, 'free']])
  expect(responders.declined).toEqual(new Set([4]))
  expect(responders.best?.officer_id).toBe(5)
  expect(server.asked).toHaveLength(1)
})

test('another range asks about others, and the circle goes where no radius bounds the list', async () => {
  answers = [['a+0', 240]]
  const responders = useResponders()
  await responders.load(1)
  expect(responders.radiusM).toBe(3000)
  await responders.choose({ within_min: 15 })
  expect(server.asked.at(-1)).toContain('within_min=15')
  expect(server.asked.at(-1)).not.toContain('radius_m')
  expect(responders.radiusM).toBeNull()
})
