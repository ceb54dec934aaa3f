// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useAlerts } from '@/stores/alerts'
import { UNDO_MS, useUndo } from '@/stores/undo'
import { remainingS, useUnderWay } from '@/stores/underWay'
import { type Answer, anAlert, anAssignment, aServer, withStores } from './fakes'

let answer: (path: string, sent: unknown) => Answer
let sent: [string, unknown][]

beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  const server = aServer((_, path, init) => {
    const body: unknown = init.body === undefined ? null : JSON.parse(String(init.body))
    sent.push([path, body])
    return answer(path, body)
  })
  withStores(server.api)
})
afterEach(() => vi.useRealTimers())

test('a call is taken back by its version when it was offered', async () => {
  const undo = useUndo()
  useAlerts().apply(anAlert({ assignments: [anAssignment()] }))
  answer = () => ({ body: anAssignment({ state: 'cancelled', version: 2, cancel_reason: 'undone' }) })
  undo.offer([anAssignment()])
  expect(undo.names).toEqual(['Wang'])
  expect(await undo.undo()).toEqual([])
  expect(sent).toEqual([['/api/assignments/31/cancel', { version: 1, reason: 'undone' }]])
  expect(undo.offered).toEqual([])
  expect(useAlerts().rows.get(1)!.assignments[0]!.state).toBe('cancelled')
})

test('who has accepted meanwhile is not taken back, and is named', async () => {
  const undo = useUndo()
  answer = (path) => (path.includes('/31/') ? { status: 409, body: { detail: 'accepted' } } : { body: anAssignment({ id: 32, state: 'cancelled', version: 2 }) })
  undo.offer([anAssignment(), anAssignment({ id: 32, officer_name: 'Li' })])
  expect((await undo.undo()).map(({ id }) => id)).toEqual([31])
  expect(sent).toHaveLength(2)
})

test('the page knows of an acceptance before anybody presses', () => {
  const undo = useUndo()
  useAlerts().apply(anAlert({ assignments: [anAssignment()] }))
  undo.offer([anAssignment()])
  expect(undo.isAccepted).toBe(false)
  useAlerts().applyAssignment(anAssignment({ state: 'accepted', version: 2 }))
  expect(undo.isAccepted).toBe(true)
})

test('after ten seconds there is nothing left to undo', async () => {
  const undo = useUndo()
  undo.offer([anAssignment()])
  vi.advanceTimersByTime(UNDO_MS - 1)
  expect(undo.offered).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(undo.offered).toEqual([])
  expect(await undo.undo()).toEqual([])
  expect(sent).toEqual([])
})

test('arrivals are asked for only while somebody is on the way', async () => {
  const underWay = useUnderWay()
  answer = () => ({ body: { items: [{ assignment_id: 31, alert_id: 1 }] } })
  await underWay.load()
  expect(sent).toEqual([])
  useAlerts().apply(anAlert({ status: 'acknowledged', assignments: [anAssignment()] }))
  await underWay.load()
  expect(underWay.byAssignment.has(31)).toBe(true)
  useAlerts().applyAssignment(anAssignment({ state: 'finished', version: 2 }))
  await underWay.load()
  expect(underWay.items).toEqual([])
})

test('the time left runs on between two answers, and is not known when the server does not know', () => {
  const at = Date.parse('2026-01-05T02:00:00Z')
  expect(remainingS({ arrives_at: '2026-01-05T02:04:00Z' }, at)).toBe(240)
  expect(remainingS({ arrives_at: '2026-01-05T02:04:00Z' }, at + 300_000)).toBe(0)
  expect(remainingS({ arrives_at: null }, at)).toBeNull()
})
