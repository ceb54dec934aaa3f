// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import { LINGER_MS, STAGE_MS, STAGE_WITH_OTHERS_MS, useStage } from '@/screens/wall/useStage'
import { useAlerts } from '@/stores/alerts'
import { anAlert, anAssignment, aServer, withStores } from './fakes'
import { type App, mount } from './mounting'

let app: App | null = null
let rings: number
let alerts: ReturnType<typeof useAlerts>
beforeEach(() => {
  vi.useFakeTimers()
  withStores(aServer(() => ({ body: { items: [], next: null } })).api)
  alerts = useAlerts()
  rings = 0
})
afterEach(() => {
  app?.unmount()
  app = null
  vi.useRealTimers()
})

function stage(isSeen?: (id: number) => boolean) {
  const [made, result] = mount(() => useStage(() => (rings += 1), isSeen))
  app = made
  return result
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
async function rise(...ids: [id: number, level?: 1 | 2 | 3 | 4][]) {
  for (const [id, level = 3] of ids) alerts.applyRisen(anAlert({ id, level }))
  await nextTick()
}

test('a new alert has the stage with a sound, and leaves it when its time is over', async () => {
  const { alert } = stage()
  await rise([1])
  expect(alert.value?.id).toBe(1)
  expect(rings).toBe(1)
  await pass(STAGE_MS - 1)
  expect(alert.value?.id).toBe(1)
  await pass(1)
  expect(alert.value).toBeNull()
})

test('what rose before the page was opened does not come on the stage', async () => {
  await rise([1])
  const { alert } = stage()
  await nextTick()
  expect(alert.value).toBeNull()
  await rise([2])
  expect(alert.value?.id).toBe(2)
})

test('acknowledged, it lingers for a moment, and a step of whoever was sent is seen', async () => {
  const { alert } = stage()
  await rise([1])
  alerts.apply(anAlert({ status: 'acknowledged', version: 2, assignments: [anAssignment()] }))
  await pass(LINGER_MS - 1000)
  alerts.applyAssignment(anAssignment({ state: 'accepted', version: 2 }))
  await pass(LINGER_MS - 1)
  expect(alert.value?.assignments[0]?.state).toBe('accepted')
  await pass(1)
  expect(alert.value).toBeNull()
})

test('steps do not keep it on the stage for longer than its time', async () => {
  const { alert } = stage()
  await rise([1])
  alerts.apply(anAlert({ status: 'acknowledged', version: 2 }))
  const states = ['offered', 'accepted'] as const
  for (let version = 1; version * 5000 < STAGE_MS; version += 1) {
    alerts.applyAssignment(anAssignment({ state: states[version % 2]!, version }))
    await pass(5000)
  }
  expect(alert.value).not.toBeNull()
  await pass(5000)
  expect(alert.value).toBeNull()
})

test('several wait for their turn, the gravest first', async () => {
  const { alert, waiting } = stage()
  await rise([1])
  await rise([2, 4], [3, 1])
  expect(alert.value?.id).toBe(1)
  expect(waiting.value).toBe(2)
  await pass(STAGE_WITH_OTHERS_MS)
  expect(alert.value?.id).toBe(3)
  await pass(STAGE_WITH_OTHERS_MS)
  expect(alert.value?.id).toBe(2)
  await pass(STAGE_MS)
  expect(alert.value).toBeNull()
})

test('whoever was taken while waiting needs no stage any more', async () => {
  const { alert } = stage()
  await rise([1], [2], [3])
  alerts.apply(anAlert({ id: 2, status: 'acknowledged', version: 2 }))
  await pass(STAGE_WITH_OTHERS_MS)
  expect(alert.value?.id).toBe(3)
})

test('one that somebody points at has the stage at once, and can be put away', async () => {
  const { alert, show, leave } = stage()
  await rise([1], [2])
  show(2)
  expect(alert.value?.id).toBe(2)
  leave()
  expect(alert.value).toBeNull()
})

test('whose scene is seen in a call stays, gives way to a new alert, and comes back, until it is put away', async () => {
  const calling = new Set([1])
  const { alert, leave } = stage((id) => calling.has(id))
  await rise([1])
  await pass(STAGE_MS * 3)
  expect(alert.value?.id).toBe(1)
  await rise([2])
  await pass(STAGE_WITH_OTHERS_MS)
  expect(alert.value?.id).toBe(2)
  await pass(STAGE_MS)
  expect(alert.value?.id).toBe(1)
  leave()
  expect(alert.value).toBeNull()
})

test('when the call is over, so is its time on the stage', async () => {
  const calling = new Set([1])
  const { alert } = stage((id) => calling.has(id))
  await rise([1])
  await pass(STAGE_MS * 2)
  calling.clear()
  await pass(STAGE_MS)
  expect(alert.value).toBeNull()
})

test('a storm of alerts rings, and the queue stays short', async () => {
  const { waiting } = stage()
  for (let id = 1; id <= 300; id += 10) await rise(...Array.from({ length: 10 }, (_, i) => [id + i] as [number]))
  expect(rings).toBe(30)
  expect(waiting.value).toBeLessThanOrEqual(50)
  expect(vi.getTimerCount()).toBe(1)
})
