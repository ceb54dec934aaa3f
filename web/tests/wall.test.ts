// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { changeOf, changeText } from '@/screens/wall/change'
import { alertsOf, enterprisesOf } from '@/screens/wall/listsOf'
import { ROWS_PER_PAGE, useRecords } from '@/screens/wall/useRecords'
import { timeOf, useFreshness } from '@/screens/wall/useFreshness'
import { actionOf } from '@/screens/wall/useWallKeys'
import { chinaDay } from '@/i18n/format'
import { useAnswers } from '@/stores/answers'
import { useLive } from '@/stores/live'
import { byHour } from '@/stores/recentAlerts'
import { prefixOf } from '@/stores/regions'
import { useSources } from '@/stores/sources'
import { useFreshPages } from '@/ui/useFreshPages'
import { anAlert, aServer, withStores } from './fakes'
import { type App, mount } from './mounting'

let app: App | null = null
beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  app?.unmount()
  app = null
  vi.useRealTimers()
})
function use<Result>(composable: () => Result): Result {
  const [made, result] = mount(composable)
  app = made
  return result
}

test.each([
  [112, 100, 'up', '+12%'],
  [101.5, 100, 'up', '+1.5%'],
  [96, 100, 'down', '−4%'],
  [100, 100, 'same', '0%'],
  [5, 0, 'up', null],
  [0, 0, 'same', null],
  [0, 7, 'down', '−100%'],
  [1500, 100, 'up', '×15'],
])('%d after %d', (value, previous, direction, text) => {
  const change = changeOf(value, previous)
  expect(change.direction).toBe(direction)
  expect(changeText(change, 'en')).toBe(text)
})

test('the day is that of China, whatever the device is set to', () => {
  expect(chinaDay(Date.parse('2026-11-25T15:59:59Z'))).toBe('2026-11-25')
  expect(chinaDay(Date.parse('2026-11-25T16:00:00Z'))).toBe('2026-11-26')
})

test('codes of areas and their prefixes are the same area', () => {
  expect(['370000', '370700', '371000', '370705', '3707'].map(prefixOf)).toEqual(['37', '3707', '3710', '370705', '3707'])
})

test('addresses of lists carry the area and the filter', () => {
  expect(enterprisesOf('3707', { risk: 'high' })).toBe('/api/layers/enterprises/features?region=3707&risk=high')
  expect(alertsOf('37', { level: '1' })).toBe('/api/layers/alerts/features?region=37&level=1')
})

test('alerts are counted by hour and kind; what is older than a day is not', () => {
  const now = Date.parse('2026-11-25T12:30:00Z')
  const raised = (id: number, at: string) => ({ id, kind: 'manual' as const, region: '370705', at: Date.parse(at) })
  const { manual } = byHour([raised(1, '2026-11-25T12:01:00Z'), raised(2, '2026-11-25T11:59:59Z'), raised(3, '2026-11-24T12:59:59Z'), raised(4, '2026-11-24T13:00:00Z')], ['manual'], now)
  expect([manual.at(-1), manual.at(-2), manual[0], manual.length]).toEqual([1, 1, 1, 24])
})

test('answers are kept by key, shared by who asks at once, and never many', async () => {
  const asked: string[] = []
  const answers = useAnswers(async (key) => {
    asked.push(key)
    return key.toUpperCase()
  }, 3)
  await Promise.all([answers.ask('a'), answers.ask('a')])
  expect(asked).toEqual(['a'])
  await answers.askIfOlder('a', 1000)
  expect(asked).toEqual(['a'])
  vi.setSystemTime(Date.now() + 1001)
  await answers.askIfOlder('a', 1000)
  expect(asked).toEqual(['a', 'a'])
  for (const key of ['b', 'c', 'd']) await answers.ask(key)
  expect(['a', 'b', 'c', 'd'].map((key) => answers.get(key).value)).toEqual([null, 'B', 'C', 'D'])
})

test('an answer that fails leaves the one of before, and says so', async () => {
  let fails = false
  const answers = useAnswers(async () => {
    if (fails) throw new Error('gone')
    return 7
  })
  await answers.ask('a')
  const { at } = answers.get('a')
  fails = true
  await answers.ask('a')
  expect(answers.get('a')).toMatchObject({ value: 7, at })
  expect(timeOf(answers.get('a'), () => null)).toEqual({ at, failed: true })
})

test('what has stopped is said to have stopped, for the areas that it concerns', async () => {
  const source = (id: string, over = {}) => ({ id, title: { zh: id, en: id }, state: 'live', last_at: '2026-01-05T02:00:00Z', stopped_since: null, expected_every_s: 2, stopped_in: ['370700'], ...over })
  let items = [source('positions'), source('feed', { stopped_in: [] })]
  withStores(aServer(() => ({ body: { items } })).api)
  useLive().state = 'current'
  const sources = useSources()
  await sources.load()
  const [province, city, other] = use(() => ['37', '370705', '3701'].map((region) => useFreshness('positions', () => region)))
  expect(province!.value).toEqual({ at: Date.parse('2026-01-05T02:00:00Z'), stopped: false, silent: ['3707'] })
  expect(city!.value.stopped).toBe(true)
  expect(other!.value).toMatchObject({ stopped: false, silent: [] })
  items = [source('positions', { state: 'stopped', stopped_since: '2026-01-05T02:00:05Z' }), items[1]!]
  await sources.load()
  expect(other!.value.stopped).toBe(true)
})

test('without a link nothing is the present, and before the first word there is no time', () => {
  withStores(aServer(() => ({ body: { items: [] } })).api)
  const fresh = use(() => useFreshness('hj212', () => '37'))
  expect(fresh.value).toEqual({ at: null, stopped: true, silent: [] })
})

test('records are paged through all lists of a number, and back', async () => {
  const pages: Record<string, object> = {
    [`/a?x=1&limit=${ROWS_PER_PAGE}`]: { items: [{ id: 1 }], next: 'c1' },
    [`/a?x=1&limit=${ROWS_PER_PAGE}&cursor=c1`]: { items: [{ id: 2 }], next: null },
    [`/b?limit=${ROWS_PER_PAGE}`]: { items: [{ id: 3 }], next: null },
  }
  const server = aServer((_, path) => ({ body: pages[path] }))
  withStores(server.api)
  const { api } = server
  const records = use(() => useRecords(['/a?x=1', '/b'], api))
  await vi.advanceTimersByTimeAsync(0)
  const seen = [records.page.value?.items?.[0]?.id]
  for (const move of [records.next, records.next, records.back]) {
    await move()
    seen.push(records.page.value?.items?.[0]?.id)
  }
  expect(seen).toEqual([1, 2, 3, 2])
  await records.next()
  expect(records.hasNext.value).toBe(false)
})

test('a key that belongs to the browser or to a button stays theirs', () => {
  const press = (init: KeyboardEventInit) => actionOf(new KeyboardEvent('keydown', init))
  expect(press({ key: 'M' })).toBe('mute')
  expect(press({ key: '3' })).toEqual({ topic: 2 })
  expect(press({ key: 'f', ctrlKey: true })).toBeNull()
  expect(press({ key: 'x' })).toBeNull()
})

test('after a deploy the page is loaded anew, but never under the eyes of somebody', async () => {
  let script = '/assets/index-1.js'
  let free = false
  let reloads = 0
  use(() => useFreshPages(() => free, { fetchPage: async () => `<script type="module" src="${script}">`, ownScript: () => '/assets/index-1.js', reload: () => (reloads += 1) }))
  await vi.advanceTimersByTimeAsync(120_000)
  script = '/assets/index-2.js'
  await vi.advanceTimersByTimeAsync(120_000)
  expect(reloads).toBe(0)
  free = true
  await vi.advanceTimersByTimeAsync(60_000)
  expect(reloads).toBe(1)
})

test('a server that is gone or a page of a proxy is no deploy', async () => {
  let reloads = 0
  const pages = ['', '<h1>502</h1>']
  use(() => useFreshPages(() => true, { fetchPage: async () => pages.shift() ?? Promise.reject(new Error('gone')), ownScript: () => '/assets/index-1.js', reload: () => (reloads += 1) }))
  await vi.advanceTimersByTimeAsync(300_000)
  expect(reloads).toBe(0)
})

test('an alert is only as much as a count needs', async () => {
  const { useRecentAlerts } = await import('@/stores/recentAlerts')
  const now = Date.parse('2026-01-05T10:00:00Z')
  vi.setSystemTime(now)
  const old = anAlert({ id: 1, raised_at: '2026-01-04T09:59:00Z' }) // updated since, raised before
  withStores(aServer(() => ({ body: { items: [anAlert({ id: 2 }), old], next: null } })).api)
  const recent = useRecentAlerts()
  await recent.load()
  expect([...recent.rows.keys()]).toEqual([2])
  vi.setSystemTime(now + 20 * 3_600_000)
  recent.add(anAlert({ id: 3, raised_at: new Date(Date.now()).toISOString() }))
  expect([...recent.rows.keys()]).toEqual([3])
})
