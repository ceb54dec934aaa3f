import { beforeEach, expect, test } from 'vitest'
import type { Speeds } from '@/api'
import { factorAt, useSpeeds } from '@/stores/speeds'
import { type Answer, aServer, type FakeServer, withStores } from './fakes'

const aSetting = (over: Partial<Speeds> = {}): Speeds => ({
  by_class: { primary: 0.5 }, by_hour: { 8: { '*': 0.8 } }, version: 3, changed_by: 'admin', changed_at: '2026-01-05T02:00:00Z',
  hour: 8, factors: {}, classes: ['primary'], roads_version: 'a+0', ...over,
})
let server: FakeServer
let answer: (method: string) => Answer
beforeEach(() => {
  answer = () => ({ body: aSetting() })
  server = aServer((method) => answer(method))
  withStores(server.api)
})

test('class and hour multiply; the star is every class not named', () => {
  expect(factorAt(aSetting(), 'primary', 8)).toBeCloseTo(0.4)
  expect(factorAt(aSetting(), 'primary', 9)).toBe(0.5)
  expect(factorAt(aSetting(), 'residential', 8)).toBe(0.8)
})

test('what somebody else set meanwhile is shown instead, and the refusal is said', async () => {
  const speeds = useSpeeds()
  await speeds.load()
  answer = (method) => (method === 'PUT' ? { status: 409, body: { detail: 'changed' } } : { body: aSetting({ version: 4 }) })
  await expect(speeds.save({ by_class: {}, by_hour: {} })).rejects.toThrow('changed')
  expect(speeds.setting?.version).toBe(4)
  expect(server.asked).toEqual(['GET /api/roads/speeds', 'PUT /api/roads/speeds', 'GET /api/roads/speeds'])
})
