// @vitest-environment jsdom
import { IDBFactory } from 'fake-indexeddb'
import { createPinia, setActivePinia } from 'pinia'
import { createApp } from 'vue'
import { beforeEach, expect, test, vi } from 'vitest'
import { type Api, apiKey, type Assignment } from '@/api'
import { Memory, type Phone, phoneKey } from '@/phone/memory'
import { retryAfter, useOutbox } from '@/stores/outbox'
import { useSession } from '@/stores/session'
import { type Answer, aServer, anAssignment, type FakeServer } from './fakes'

/** One after the other, as the browser's Web Locks. */
class OneByOne {
  private last: Promise<unknown> = Promise.resolve()

  request<T>(_name: string, work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work)
    this.last = mine.catch(() => undefined)
    return mine
  }
}

let phone: Phone
let server: FakeServer
let answer: (method: string, path: string) => Answer
const report = (draft: boolean, note = 'Outfall closed.') => ({
  assignmentId: 31, version: 4, officerId: 4, title: 'COD', note, photos: [], at: '2026-01-05T02:25:00Z', draft, refused: null,
})

/** A tab of the same phone: stores of its own, the same memory, the same locks. */
function aTab(api: Api, officerId = 4) {
  const pinia = createPinia()
  createApp({ render: () => null }).provide(apiKey, api).provide(phoneKey, phone).use(pinia)
  setActivePinia(pinia)
  useSession().assume(
    { username: 'o', display_name: 'Wang', role: 'officer', region: '370705', region_name: '', officer_id: officerId },
    true,
  )
  return useOutbox()
}

beforeEach(() => {
  phone = { memory: new Memory(new IDBFactory()), locks: new OneByOne() }
  answer = () => ({ body: anAssignment({ state: 'finished' }) })
  server = aServer((method, path) => answer(method, path))
})

test('two tabs that send at the same time send once', async () => {
  const [one, other] = [aTab(server.api), aTab(server.api)]
  await one.keep(report(false))
  await Promise.all([one.flush(), other.flush(), one.flush()])
  expect(server.asked).toEqual(['POST /api/assignments/31/finish'])
  expect(one.submitted).toEqual([])
})

test('every tab hears what was delivered before it vanishes from its list', async () => {
  const [one, other] = [aTab(server.api), aTab(server.api)]
  const heard: [Assignment['state'], string, number][] = []
  const stop = [one.start(() => undefined), other.start((now, what) => heard.push([now.state, what, other.submitted.length]))]
  await one.keep(report(false))
  await vi.waitFor(() => expect(other.submitted).toHaveLength(1))
  await one.flush()
  await vi.waitFor(() => expect(other.submitted).toEqual([]))
  expect(heard).toEqual([['finished', 'report', 1]])
  stop.forEach((end) => end())
})

test('a draft is kept, but not sent', async () => {
  const tab = aTab(server.api)
  await tab.keep(report(true))
  await tab.flush()
  expect(server.asked).toEqual([])
  expect(tab.submitted).toEqual([])
  expect(await aTab(server.api).draft(31)).toMatchObject({ note: 'Outfall closed.' })
})

test('an open form in another tab does not turn a submitted report into a draft', async () => {
  answer = () => new TypeError('Failed to fetch')
  const tab = aTab(server.api)
  await tab.keep(report(false))
  await aTab(server.api).keep(report(true, 'older words'))
  await tab.load()
  expect(tab.submitted).toMatchObject([{ note: 'Outfall closed.' }])
})

test('a draft that is saved while the report is submitted does not take its place', async () => {
  const tab = aTab(server.api)
  await tab.keep(report(true))
  await Promise.all([tab.keep(report(false)), tab.keep(report(true, 'as the screen was locked'))])
  expect(tab.submitted).toMatchObject([{ note: 'Outfall closed.' }])
  await tab.flush()
  expect(server.asked).toEqual(['POST /api/assignments/31/finish'])
})

test('a report does not overtake a step that has not arrived', async () => {
  const tab = aTab(server.api)
  await tab.addStep({ assignmentId: 31, version: 3, officerId: 4, name: 'arrive', at: '2026-01-05T02:20:00Z', refused: null })
  await tab.keep(report(false))
  answer = () => new TypeError('Failed to fetch')
  await tab.flush()
  expect(server.asked).toEqual(['POST /api/assignments/31/arrive'])
  expect(tab.pending).toHaveLength(2)
  expect(tab.nextTryAt).not.toBeNull()
  server.asked.length = 0
  answer = () => ({ body: anAssignment() })
  await tab.flush()
  expect(server.asked).toEqual(['POST /api/assignments/31/arrive', 'POST /api/assignments/31/finish'])
  expect(tab.nextTryAt).toBeNull()
})

test('nobody sends in the name of the one who held the phone before', async () => {
  await aTab(server.api, 4).keep(report(false))
  const next = aTab(server.api, 5)
  await next.flush()
  expect(server.asked).toEqual([])
  expect(next.submitted).toEqual([])
  await aTab(server.api, 4).flush()
  expect(server.asked).toHaveLength(1)
})

test('a refused report is kept until the person decides', async () => {
  answer = (method) => (method === 'GET' ? { body: anAssignment({ state: 'cancelled' }) } : { status: 409, body: { detail: 'withdrawn' } })
  const tab = aTab(server.api)
  await tab.keep(report(false))
  await tab.flush()
  await tab.flush()
  expect(server.asked.filter((one) => one.startsWith('POST'))).toHaveLength(1)
  expect(tab.submitted).toMatchObject([{ note: 'Outfall closed.', refused: { en: 'withdrawn' } }])
  await tab.retry(31)
  expect(server.asked.filter((one) => one.startsWith('POST'))).toHaveLength(2)
  await tab.discard(31)
  expect(tab.submitted).toEqual([])
})

test('it waits longer after each try in vain, and never more than five minutes', () => {
  const waits = Array.from({ length: 20 }, (_, failures) => retryAfter(failures))
  expect(waits.slice(0, 3)).toEqual([5_000, 10_000, 20_000])
  expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  expect(Math.max(...waits)).toBe(300_000)
})
