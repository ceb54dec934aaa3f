// @vitest-environment node
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { deliverReport, deliverStep, Errands, type Report, withSteps, type WaitingStep } from '@/phone/errands'
import { Memory } from '@/phone/memory'
import { type Answer, aServer, anAssignment, type FakeServer } from './fakes'

let errands: Errands
let server: FakeServer
let answer: (method: string, path: string, init: RequestInit) => Answer
const fine: typeof answer = () => ({ body: anAssignment({ state: 'finished' }) })

const report = (over: Partial<Report> = {}): Report => ({
  assignmentId: 31,
  version: 4,
  officerId: 4,
  title: 'COD over the limit',
  note: 'Sample taken, outfall closed.',
  photos: [
    { id: 'a', takenAt: '2026-01-05T02:20:00Z', file: new Blob(['one']), sent: false },
    { id: 'b', takenAt: '2026-01-05T02:21:00Z', file: new Blob(['two']), sent: false },
  ],
  at: '2026-01-05T02:25:00Z',
  draft: false,
  refused: null,
  ...over,
})
const step = (over: Partial<WaitingStep> = {}): WaitingStep => ({
  assignmentId: 31, version: 2, officerId: 4, name: 'depart', at: '2026-01-05T02:10:00Z', refused: null, ...over,
})

const PHOTO = 'POST /api/assignments/31/photos'
const FINISH = 'POST /api/assignments/31/finish'
const DEPART = 'POST /api/assignments/31/depart'
const gone = new TypeError('Failed to fetch')
const waiting = async () => (await errands.reports()).map(({ assignmentId }) => assignmentId)
/** The server refuses what is posted to `path` as a conflict; the assignment itself is as told. */
const conflict = (path: string, now: Parameters<typeof anAssignment>[0]): typeof answer => (method, asked) => {
  if (asked.endsWith(path)) return { status: 409, body: { detail: 'not from here', detail_zh: '状态不符' } }
  return method === 'GET' ? { body: anAssignment(now) } : { body: {} }
}

beforeEach(async () => {
  errands = new Errands(new Memory(new IDBFactory()))
  answer = fine
  server = aServer((method, path, init) => answer(method, path, init))
  await errands.putReport(report())
})

test('a report is sent photos first and then forgotten', async () => {
  expect(await deliverReport(server.api, errands, report())).toMatchObject({ state: 'delivered' })
  expect(server.asked).toEqual([PHOTO, PHOTO, FINISH])
  expect(await waiting()).toEqual([])
})

test('what is sent says when it happened', async () => {
  let sent: unknown
  answer = (_, path, init) => {
    if (path.endsWith('/finish')) sent = JSON.parse(init.body as string)
    return { body: anAssignment() }
  }
  await deliverReport(server.api, errands, report())
  expect(sent).toEqual({ version: 4, note: 'Sample taken, outfall closed.', taken_at: '2026-01-05T02:25:00Z' })
})

test('without a network it stays on the phone', async () => {
  answer = () => gone
  expect(await deliverReport(server.api, errands, report())).toEqual({ state: 'waiting' })
  expect(await waiting()).toEqual([31])
})

test('a photo that arrived is not sent a second time', async () => {
  let photos = 0
  answer = (_, path) => (path.endsWith('/photos') && ++photos === 2 ? gone : { body: anAssignment() })
  let heard = 0
  await deliverReport(server.api, errands, report(), () => (heard += 1))
  expect(heard).toBe(1)
  server.asked.length = 0
  const [kept] = await errands.reports()
  expect(await deliverReport(server.api, errands, kept!)).toMatchObject({ state: 'delivered' })
  expect(server.asked).toEqual([PHOTO, FINISH])
})

test('a finish whose answer was lost counts as delivered', async () => {
  answer = conflict('/finish', { state: 'finished', report: 'Sample taken, outfall closed.' })
  expect(await deliverReport(server.api, errands, report())).toMatchObject({ state: 'delivered' })
  expect(await waiting()).toEqual([])
})

test('another report that was there first does not swallow this one', async () => {
  answer = conflict('/finish', { state: 'finished', report: 'Written on another phone.' })
  expect(await deliverReport(server.api, errands, report())).toMatchObject({ state: 'refused' })
  expect(await waiting()).toEqual([31])
})

test('a refusal is kept with its reason in both languages and waits for the officer', async () => {
  answer = conflict('/finish', { state: 'cancelled' })
  expect(await deliverReport(server.api, errands, report())).toMatchObject({ state: 'refused' })
  const [kept] = await errands.reports()
  expect(kept).toMatchObject({ refused: { en: 'not from here', zh: '状态不符' }, note: 'Sample taken, outfall closed.' })
  expect(kept!.photos).toHaveLength(2)
})

test('an ended session or a broken server is no refusal', async () => {
  for (const status of [401, 429, 500, 503]) {
    answer = () => ({ status, body: { detail: 'later' } })
    expect(await deliverReport(server.api, errands, report())).toEqual({ state: 'waiting' })
  }
  expect((await errands.reports())[0]!.refused).toBeNull()
})

test('a conflict that nobody can explain at the moment is no refusal', async () => {
  answer = (method) => (method === 'GET' ? gone : { status: 409, body: { detail: 'no' } })
  await errands.putStep(step())
  expect(await deliverStep(server.api, errands, step())).toEqual({ state: 'waiting' })
  expect(await errands.steps()).toHaveLength(1)
})

test('a report survives the page that wrote it', async () => {
  const factory = new IDBFactory()
  await new Errands(new Memory(factory)).putReport(report())
  expect(await new Errands(new Memory(factory)).reports()).toHaveLength(1)
})

test('a step whose answer was lost counts as delivered, also when more has happened since', async () => {
  for (const state of ['departed', 'arrived', 'finished'] as const) {
    answer = conflict('/depart', { state })
    await errands.putStep(step())
    expect(await deliverStep(server.api, errands, step())).toMatchObject({ state: 'delivered' })
    expect(await errands.steps()).toEqual([])
  }
})

test('a step of a withdrawn assignment is refused and kept', async () => {
  answer = conflict('/depart', { state: 'cancelled' })
  expect(await deliverStep(server.api, errands, step())).toMatchObject({ state: 'refused' })
  expect(await errands.steps()).toMatchObject([{ refused: { zh: '状态不符' } }])
})

test('the same step taken in two tabs is one step, and steps come in their order', async () => {
  await errands.putStep(step({ version: 3, name: 'arrive' }))
  await errands.putStep(step())
  await errands.putStep(step())
  expect((await errands.steps()).map(({ name }) => name)).toEqual(['depart', 'arrive'])
  await deliverStep(server.api, errands, step())
  expect(server.asked).toEqual([DEPART])
})

test('the phone shows the assignment as its officer has left it', () => {
  const accepted = anAssignment({ state: 'accepted', version: 2 })
  const both = [step(), step({ version: 3, name: 'arrive', at: '2026-01-05T02:20:00Z' })]
  expect(withSteps(accepted, both)).toMatchObject({ state: 'arrived', version: 4, arrived_at: '2026-01-05T02:20:00Z' })
  expect(withSteps(accepted, [step({ refused: { en: 'no', zh: '否' } })]).state).toBe('accepted')
  expect(withSteps(anAssignment({ state: 'cancelled', version: 3 }), both).state).toBe('cancelled')
  expect(withSteps(anAssignment({ id: 9, state: 'accepted', version: 2 }), both).state).toBe('accepted')
})
