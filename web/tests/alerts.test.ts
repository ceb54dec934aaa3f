import { beforeEach, expect, test } from 'vitest'
import { ApiProblem } from '@/api'
import { finishedBy, useAlerts } from '@/stores/alerts'
import { type Answer, aServer, anAlert, anAssignment, withStores } from './fakes'

let answer: (method: string, path: string) => Answer
beforeEach(() => {
  answer = () => ({ body: { items: [], next: null } })
  withStores(aServer((method, path) => answer(method, path)).api)
})

test('a change that is applied twice is harmless', () => {
  const alerts = useAlerts()
  alerts.apply(anAlert({ version: 2, status: 'acknowledged' }))
  alerts.apply(anAlert({ version: 2, status: 'acknowledged' }))
  expect(alerts.open).toHaveLength(1)
  expect(alerts.open[0]!.status).toBe('acknowledged')
})

test('a row that comes late does not undo a newer one', () => {
  const alerts = useAlerts()
  alerts.apply(anAlert({ version: 3, status: 'closed' }))
  alerts.apply(anAlert({ version: 2, status: 'acknowledged' }))
  expect(alerts.rows.get(1)!.status).toBe('closed')
})

test('an assignment finds its alert, and an older version of it changes nothing', () => {
  const alerts = useAlerts()
  alerts.apply(anAlert())
  alerts.applyAssignment(anAssignment({ version: 2, state: 'accepted' }))
  alerts.applyAssignment(anAssignment({ version: 1, state: 'offered' }))
  expect(alerts.rows.get(1)!.assignments.map(({ state }) => state)).toEqual(['accepted'])
})

test('a row of the alert does not bring back an older state of its assignment', () => {
  const alerts = useAlerts()
  alerts.apply(anAlert())
  alerts.applyAssignment(anAssignment({ version: 2, state: 'accepted' }))
  alerts.apply(anAlert({ version: 2, assignments: [anAssignment({ version: 1 })] }))
  expect(alerts.rows.get(1)!.assignments[0]!.state).toBe('accepted')
})

test('alerts that nobody was sent to come first, then the gravest, then the newest', () => {
  const alerts = useAlerts()
  alerts.apply(anAlert({ id: 1, level: 1, status: 'acknowledged', assignments: [anAssignment()] }))
  alerts.apply(anAlert({ id: 5, level: 2, status: 'acknowledged', raised_at: '2026-01-05T01:00:00Z' }))
  alerts.apply(anAlert({ id: 2, level: 3, raised_at: '2026-01-05T01:00:00Z' }))
  alerts.apply(anAlert({ id: 3, level: 2 }))
  alerts.apply(anAlert({ id: 4, level: 3, raised_at: '2026-01-05T03:00:00Z' }))
  expect(alerts.open.map(({ id }) => id)).toEqual([3, 5, 4, 2, 1])
})

test('only an alert that was not known before has risen', () => {
  const alerts = useAlerts()
  alerts.apply(anAlert({ id: 1 }))
  alerts.applyRisen(anAlert({ id: 1 }))
  alerts.applyRisen(anAlert({ id: 2 }))
  expect(alerts.risen).toEqual([2])
})

test('what rose while the link was broken has risen, what was there at first has not', async () => {
  const alerts = useAlerts()
  const open = [anAlert({ id: 1 })]
  answer = (_, path) => ({ body: { items: path.includes('open') ? open : [], next: null } })
  await alerts.load()
  expect(alerts.risen).toEqual([])
  open.push(anAlert({ id: 2 }), anAlert({ id: 3, status: 'acknowledged' }))
  await alerts.load()
  expect(alerts.risen).toEqual([2])
})

test('an alert whose officer is through waits to be closed, unless another is on the way', () => {
  const done = anAssignment({ state: 'finished' })
  expect(finishedBy(anAlert({ assignments: [done] }))).toEqual(done)
  expect(finishedBy(anAlert({ assignments: [done, anAssignment({ id: 32, state: 'departed' })] }))).toBeUndefined()
})

test('a new snapshot forgets what the server no longer has', async () => {
  const alerts = useAlerts()
  alerts.apply(anAlert({ id: 9 }))
  answer = (_, path) => ({ body: { items: path.includes('open') ? [anAlert({ id: 1 })] : [], next: null } })
  await alerts.load()
  expect(alerts.all.map(({ id }) => id)).toEqual([1])
})

test('two who assign at once: the second reads why it was refused', async () => {
  const alerts = useAlerts()
  alerts.apply(anAlert())
  answer = () => ({ status: 409, body: { title: 'Conflict', detail: 'Wang is already on the way, sent by kuiwen' } })
  const refusal = await alerts.assign(anAlert(), { officer_ids: [4], note: '' }).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(ApiProblem)
  expect((refusal as ApiProblem).message).toBe('Wang is already on the way, sent by kuiwen')
  expect(alerts.rows.get(1)!.assignments).toEqual([])
})
