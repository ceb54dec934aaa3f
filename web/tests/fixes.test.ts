// @vitest-environment node
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Fix, Unreachable } from '@/api'
import { BATCH, FixQueue } from '@/phone/fixes'
import { Memory } from '@/phone/memory'
import { type Answer, aServer, type FakeServer } from './fakes'

const fix = (n: number): Fix => ({
  lon: 119 + n / 1e4, lat: 36.7, at: new Date(Date.UTC(2026, 0, 5, 2, 0, n)).toISOString(), accuracy_m: 5, speed_mps: 0, heading: null,
})
let sent: Fix[][]
let answer: (batch: Fix[]) => Answer
let server: FakeServer
let queue: FixQueue

beforeEach(() => {
  vi.stubGlobal('IDBKeyRange', IDBKeyRange)
  sent = []
  answer = (batch) => ({ body: { accepted: batch.length, refused: [] } })
  server = aServer((_, __, init) => {
    const batch = JSON.parse(init.body as string) as Fix[]
    sent.push(batch)
    return answer(batch)
  })
  queue = new FixQueue(server.api, new Memory(new IDBFactory()), (work) => work())
})
afterEach(() => vi.unstubAllGlobals())

test('what was made without a network is sent later, oldest first, in batches', async () => {
  answer = () => new TypeError('Failed to fetch')
  for (let n = 0; n < BATCH + 3; n += 1) await queue.add(fix(n))
  await expect(queue.send()).rejects.toBeInstanceOf(Unreachable)
  expect(await queue.count()).toBe(BATCH + 3)
  sent = []
  answer = (batch) => ({ body: { accepted: batch.length, refused: [] } })
  expect(await queue.send()).toEqual({ accepted: BATCH + 3, refused: 0, why: null })
  expect(sent.map(({ length }) => length)).toEqual([BATCH, 3])
  expect(sent.flat().map(({ at }) => at)).toEqual(Array.from({ length: BATCH + 3 }, (_, n) => fix(n).at))
  expect(await queue.count()).toBe(0)
})

test('what the server refuses is not sent for ever, and its reason is told', async () => {
  await queue.add(fix(0))
  answer = () => ({ body: { accepted: 0, refused: [{ index: 0, reason: 'off duty: the position is not kept' }] } })
  expect(await queue.send()).toEqual({ accepted: 0, refused: 1, why: 'off duty: the position is not kept' })
  expect(await queue.count()).toBe(0)
})

test('an unusable batch is dropped; an ended session or a broken server keeps it', async () => {
  for (const status of [401, 429, 503]) {
    await queue.clear()
    await queue.add(fix(0))
    answer = () => ({ status, body: { detail: 'later' } })
    await expect(queue.send()).rejects.toBeInstanceOf(Unreachable)
    expect(await queue.count()).toBe(1)
  }
  answer = () => ({ status: 422, body: { detail: 'lat: lies outside' } })
  expect(await queue.send()).toMatchObject({ refused: 1, why: 'lat: lies outside' })
  expect(await queue.count()).toBe(0)
})
