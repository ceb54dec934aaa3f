import { beforeEach, expect, test } from 'vitest'
import type { JointPlan } from '@/api'
import { useAlerts } from '@/stores/alerts'
import { useJoint } from '@/stores/joint'
import { anAlert, anAssignment, type Answers, aServer, withStores } from './fakes'

const PLAN: JointPlan = {
  more_waiting: false,
  plan: [{ alert_id: 1, version: 1, officer_id: 4, name: 'Wang', travel_time_s: 240, distance_m: 1800 }],
  worst_s: 240, sum_s: 240,
  greedy: { plan: [], worst_s: 240, sum_s: 240, unserved: [1, 2] },
  saved_worst_s: null, saved_sum_s: null,
  unserved: [{ alert_id: 2, missing: 1, reason: { zh: '无人', en: 'nobody' } }],
}

let answer: Answers
let asked: string[]
let sent: unknown
beforeEach(() => {
  answer = () => ({ body: PLAN })
  const server = aServer((method, path, init) => {
    if (init.body) sent = JSON.parse(String(init.body))
    return answer(method, path, init)
  })
  asked = server.asked
  withStores(server.api)
})

test('an alert waits until somebody is on the way or through; drills are not counted', () => {
  const alerts = useAlerts()
  alerts.apply(anAlert({ id: 1 }))
  alerts.apply(anAlert({ id: 2, assignments: [anAssignment({ alert_id: 2 })] }))
  alerts.apply(anAlert({ id: 3, assignments: [anAssignment({ alert_id: 3, state: 'declined' })] }))
  alerts.apply(anAlert({ id: 4, assignments: [anAssignment({ alert_id: 4, state: 'finished' })] }))
  alerts.apply(anAlert({ id: 5, drill: true }))
  alerts.apply(anAlert({ id: 6, status: 'closed' }))
  expect(useJoint().waiting.map(({ id }) => id).sort()).toEqual([1, 3])
})

test('the whole plan is confirmed as it was shown, and the desk knows at once', async () => {
  const alerts = useAlerts()
  const joint = useJoint()
  alerts.apply(anAlert({ id: 1 }))
  await joint.load()
  expect(joint.leftByGreedy).toBe(1)
  answer = () => ({ status: 201, body: { items: [{ alert: anAlert({ version: 2 }), assignments: [anAssignment()] }] } })
  expect(await joint.confirm('now')).toEqual([anAssignment()])
  expect(sent).toEqual({ assignments: [{ alert_id: 1, officer_id: 4, version: 1 }], note: 'now' })
  expect(joint.waiting).toEqual([])
})

test('a plan is sent once, however often the button is pressed', async () => {
  const joint = useJoint()
  await joint.load()
  answer = () => ({ status: 201, body: { items: [{ alert: anAlert({ version: 2 }), assignments: [anAssignment()] }] } })
  expect(await Promise.all([joint.confirm(''), joint.confirm('')])).toEqual([[anAssignment()], []])
  expect(asked.filter((line) => line.startsWith('POST'))).toHaveLength(1)
})

test('a refused plan stays, and may be confirmed again', async () => {
  const joint = useJoint()
  await joint.load()
  answer = () => ({ status: 409, body: { detail: 'Wang is busy' } })
  await expect(joint.confirm('')).rejects.toThrow('Wang is busy')
  expect(joint.plan).toEqual(PLAN)
  expect(joint.sending).toBe(false)
})

test('a plan that does not come leaves the reason', async () => {
  const joint = useJoint()
  answer = () => new Error('gone')
  await joint.load()
  expect(joint.error).not.toBeNull()
  expect(joint.loading).toBe(false)
})
