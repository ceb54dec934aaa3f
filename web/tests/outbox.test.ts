// @vitest-environment node
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test } from 'vitest'
import { deliverReport, IndexedReports, type Report } from '@/stores/outbox'
import { type Answer, aServer, anAssignment, type FakeServer } from './fakes'

let store: IndexedReports
let server: FakeServer
let answer: (method: string, path: string) => Answer
const fine: typeof answer = () => ({ body: {} })

const report = (over: Partial<Report> = {}): Report => ({
  assignmentId: 31,
  version: 4,
  note: 'Sample taken, outfall closed.',
  photos: [
    { id: 'a', takenAt: '2026-01-05T02:20:00Z', file: new Blob(['one']), sent: false },
    { id: 'b', takenAt: '2026-01-05T02:21:00Z', file: new Blob(['two']), sent: false },
  ],
  writtenAt: '2026-01-05T02:25:00Z',
  refused: null,
  ...over,
})

const PHOTO = 'POST /api/assignments/31/photos'
const FINISH = 'POST /api/assignments/31/finish'
const waiting = async () => (await store.all()).map(({ assignmentId }) => assignmentId)

beforeEach(async () => {
  store = new IndexedReports(new IDBFactory())
  answer = fine
  server = aServer((method, path) => answer(method, path))
  await store.put(report())
})

test('a report is sent photos first and then forgotten', async () => {
  expect(await deliverReport(server.api, store, report())).toBe('delivered')
  expect(server.asked).toEqual([PHOTO, PHOTO, FINISH])
  expect(await waiting()).toEqual([])
})

test('without a network it stays on the phone', async () => {
  answer = () => new TypeError('Failed to fetch')
  expect(await deliverReport(server.api, store, report())).toBe('waiting')
  expect(await waiting()).toEqual([31])
})

test('a photo that arrived is not sent a second time', async () => {
  let photos = 0
  answer = (_, path) => (path.endsWith('/photos') && ++photos === 2 ? new TypeError('Failed to fetch') : { body: {} })
  await deliverReport(server.api, store, report())
  server.asked.length = 0
  const [kept] = await store.all()
  expect(await deliverReport(server.api, store, kept!)).toBe('delivered')
  expect(server.asked).toEqual([PHOTO, FINISH])
})

test('a finish whose answer was lost counts as delivered', async () => {
  answer = (method, path) => {
    if (path.endsWith('/finish')) return { status: 409, body: { detail: 'already finished' } }
    return method === 'GET' ? { body: anAssignment({ state: 'finished' }) } : { body: {} }
  }
  expect(await deliverReport(server.api, store, report())).toBe('delivered')
  expect(await waiting()).toEqual([])
})

test('a refusal is kept with its reason and waits for the officer', async () => {
  answer = (method, path) => {
    if (path.endsWith('/finish')) return { status: 409, body: { detail: 'the call was withdrawn' } }
    return method === 'GET' ? { body: anAssignment({ state: 'cancelled' }) } : { body: {} }
  }
  expect(await deliverReport(server.api, store, report())).toBe('refused')
  expect((await store.all())[0]).toMatchObject({ refused: 'the call was withdrawn', note: 'Sample taken, outfall closed.' })
})

test('an ended session or a broken server is no refusal', async () => {
  for (const status of [401, 429, 500, 503]) {
    answer = () => ({ status, body: { detail: 'later' } })
    expect(await deliverReport(server.api, store, report())).toBe('waiting')
  }
  expect((await store.all())[0]!.refused).toBeNull()
})

test('a report survives the page that wrote it', async () => {
  const factory = new IDBFactory()
  await new IndexedReports(factory).put(report())
  expect(await new IndexedReports(factory).all()).toHaveLength(1)
})
