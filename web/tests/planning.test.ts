// @vitest-environment jsdom
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Changes, CoverageJob, CoverageOrigin, Scenario } from '@/api'
import { sorted } from '@/screens/plan/sorting'
import { useCoverageJobs } from '@/stores/coverageJobs'
import { readBands, useQuestion } from '@/stores/question'
import { useScenario } from '@/stores/scenario'
import { placed, useTrial, withChanges } from '@/stores/trial'
import { bandColours, bandExpression, BEYOND } from '@/ui/bandColours'
import { type Answer, aServer, type FakeServer, withStores } from './fakes'

const anOrigin = (over: Partial<CoverageOrigin> = {}): CoverageOrigin => ({ id: 1, name: 'West', lon: 119.1, lat: 36.7, off_road: false, ...over })
const ORIGINS = [anOrigin(), anOrigin({ id: 2, name: 'East', lon: 119.2 })]
const aJob = (over: Partial<CoverageJob> = {}): CoverageJob => ({
  id: 7, kind: 'coverage', parent_id: null, name: '', region: '370700', owner: 'planner', mine: true, request: {}, state: 'done', progress: 1, step: 'done',
  error: null, created_at: '2026-01-05T02:00:00Z', started_at: null, ended_at: null, version: 1, ...over,
})
const aScenario = (over: Partial<Scenario> = {}): Scenario => ({ region: '370700', minutes: [15, 30], from: 'stations', demand: 'enterprises', own_only: false, name: '', ...over })

let server: FakeServer
let bodies: unknown[]
let answer: (method: string, path: string) => Answer | Promise<Answer>
beforeEach(() => {
  bodies = []
  answer = () => ({ body: {} })
  server = aServer((method, path, init) => {
    bodies.push(init.body === undefined ? null : JSON.parse(String(init.body)))
    return answer(method, path) as Answer
  })
  withStores(server.api)
})
afterEach(() => vi.useRealTimers())

describe('the question', () => {
  test.each([
    ['15, 30，45', [15, 30, 45]], ['30 15 15', [15, 30]], ['2.5;10', [2.5, 10]],
    ['', null], ['0', null], ['181', null], ['ten', null], ['1 2 3 4 5 6 7 8 9', null],
  ])('reads bands %j', (text, bands) => expect(readBands(text)).toEqual(bands))

  test('says what is wrong before the server has to', () => {
    const question = useQuestion()
    expect(question.fault).toBe(null)
    question.bands = 'soon'
    expect(question.fault).toBe('bands')
    question.bands = '15'
    question.source = 'points'
    expect(question.fault).toBe('points')
    question.points = [[119.1, 36.7]]
    expect(question.fault).toBe(null)
    question.weights = { high: 1001, medium: 1, low: 1 }
    expect(question.fault).toBe('weights')
  })

  test('asks for a shift of officers, for points, and for weights only where there are any', () => {
    const question = useQuestion()
    question.region = '3707'
    expect(question.asked()).toMatchObject({ region: '3707', from: 'stations', shift: null, weights: null, at: null })
    question.source = 'night'
    question.weights = { high: 5, medium: 1, low: 1 }
    expect(question.asked()).toMatchObject({ from: 'officers', shift: 'night', weights: { high: 5, medium: 1, low: 1 } })
    question.demand = 'area'
    expect(question.asked().weights).toBe(null)
    question.source = 'points'
    question.points = [[119.1, 36.7]]
    expect(question.asked()).toMatchObject({ from: [[119.1, 36.7]], shift: null })
  })

  test.each([
    aScenario(),
    aScenario({ from: 'officers', shift: 'day', at: 8, own_only: true }),
    aScenario({ from: [[119.1, 36.7]], demand: 'points', inside: [[1, 1], [2, 1], [2, 2]], weights: { high: 3, medium: 1, low: 1 } }),
  ])('is put together again from what was asked %#', (scenario) => {
    const question = useQuestion()
    question.fill(scenario)
    const { changes: _, ...rest } = { changes: null, at: null, shift: null, weights: null, inside: null, ...scenario }
    expect(question.asked()).toEqual({ ...rest, region: '3707' })
  })
})

describe('a trial', () => {
  const trialOf = (demands: number) => ({ body: { total: { demands }, cell_minutes: [] } })

  test('places origins as the server does', () => {
    const changes: Changes = { moved: [{ id: 2, lon: 119.3, lat: 36.8 }, { id: -1, lon: 119.5, lat: 36.5 }], added: [[119.4, 36.6]], left_out: [1] }
    expect(placed(ORIGINS, changes).map(({ id, lon }) => [id, lon])).toEqual([[2, 119.3], [-1, 119.5]])
    expect(placed([...ORIGINS, anOrigin({ id: -1 })], { moved: [], added: [[119.4, 36.6]], left_out: [] }).map(({ id, name }) => [id, name]).at(-1)).toEqual([-2, '+2'])
  })

  test('asks for the newest wish only, one at a time', async () => {
    const trial = useTrial()
    trial.start(7, ORIGINS)
    let count = 0
    answer = () => trialOf(++count)
    const first = trial.move(1, [119.11, 36.7])
    void trial.move(1, [119.12, 36.7], false)
    void trial.move(1, [119.13, 36.7], false)
    await first
    expect(server.asked).toEqual(['POST /api/coverage/7/trial', 'POST /api/coverage/7/trial'])
    expect(bodies.map((body) => (body as Changes).moved?.[0]?.lon)).toEqual([119.11, 119.13])
    expect(trial.answer?.total.demands).toBe(2)
    expect(JSON.parse(trial.shown!)).toEqual(trial.changes)
  })

  test('takes a whole drag back at once, and asks nothing when nothing is changed any more', async () => {
    const trial = useTrial()
    trial.start(7, ORIGINS)
    answer = () => trialOf(1)
    await trial.move(1, [119.11, 36.7])
    await trial.move(1, [119.12, 36.7], false)
    await trial.leaveOut(2)
    expect(trial.originsNow.map(({ id }) => id)).toEqual([1])
    await trial.undo()
    expect(trial.originsNow.map(({ lon }) => lon)).toEqual([119.12, 119.2])
    const asked = server.asked.length
    await trial.undo()
    expect(trial.isChanged).toBe(false)
    expect([trial.answer, trial.shown, server.asked.length]).toEqual([null, null, asked])
    await trial.undo()
    expect(trial.originsNow).toEqual(ORIGINS)
  })

  test('says why there is no answer and goes on with the next wish', async () => {
    const trial = useTrial()
    trial.start(7, ORIGINS)
    answer = () => ({ status: 422, body: { detail: 'nobody is left' } })
    await trial.leaveOut(1)
    expect(String(trial.error)).toContain('nobody is left')
    answer = () => trialOf(3)
    await trial.undo()
    expect(trial.error).toBe(null)
    await trial.add([119.4, 36.6])
    expect(trial.answer?.total.demands).toBe(3)
  })

  test('forgets an answer about a scenario that is no longer open', async () => {
    const trial = useTrial()
    trial.start(7, ORIGINS)
    answer = () => {
      trial.start(8, ORIGINS)
      return trialOf(1)
    }
    await trial.move(1, [119.11, 36.7])
    expect(trial.answer).toBe(null)
    expect(trial.isChanged).toBe(false)
  })

  test('is kept as a scenario with all changes so far', () => {
    const before = aScenario({ changes: { moved: [{ id: 1, lon: 1, lat: 1 }], added: [[2, 2]], left_out: [5] } })
    const more: Changes = { moved: [{ id: 1, lon: 3, lat: 3 }, { id: -1, lon: 4, lat: 4 }], added: [[6, 6]], left_out: [5, 9] }
    expect(withChanges(before, more, 'B')).toEqual({
      ...before, name: 'B',
      changes: { moved: [{ id: 1, lon: 3, lat: 3 }, { id: -1, lon: 4, lat: 4 }], added: [[2, 2], [6, 6]], left_out: [5, 9] },
    })
  })
})

describe('the open scenario', () => {
  const pages: Record<string, unknown> = {
    '/api/coverage/7': { ...aJob(), result: { kind: 'coverage', minutes: [15, 30], origins: ORIGINS } },
    '/api/coverage/7/cells': { type: 'FeatureCollection', features: [] },
    '/api/coverage/7/areas': { type: 'FeatureCollection', features: [] },
  }
  const late = (next: string | null) => ({ items: [], next, total: 60 })

  test('comes with its map and the first page of those not reached in the shortest band', async () => {
    const scenario = useScenario()
    answer = (_, path) => ({ body: pages[path] ?? late('50') })
    await scenario.open(7)
    expect([scenario.result?.minutes, scenario.cells !== null, scenario.areas !== null]).toEqual([[15, 30], true, true])
    expect(server.asked).toContain('GET /api/coverage/7/uncovered?minutes=15&limit=50')
  })

  test('turns pages there and back, and begins anew when the list is narrowed', async () => {
    const scenario = useScenario()
    answer = (_, path) => ({ body: pages[path] ?? late(path.includes('cursor') ? null : '50') })
    await scenario.open(7)
    await vi.waitFor(() => expect(scenario.late?.next).toBe('50'))
    await scenario.turn(1)
    expect([scenario.page, server.asked.at(-1)]).toEqual([2, 'GET /api/coverage/7/uncovered?minutes=15&limit=50&cursor=50'])
    await scenario.turn(1) // there is no third
    expect(scenario.page).toBe(2)
    await scenario.turn(-1)
    expect(scenario.page).toBe(1)
    await scenario.turn(1)
    await scenario.narrow(30, '370705')
    expect([scenario.page, server.asked.at(-1)]).toEqual([1, 'GET /api/coverage/7/uncovered?minutes=30&limit=50&region=370705'])
  })

  test('says why it cannot be opened', async () => {
    const scenario = useScenario()
    answer = () => ({ status: 404, body: { detail: 'there is no job 9' } })
    await scenario.open(9)
    expect(String(scenario.error)).toContain('no job 9')
    expect(scenario.result).toBe(null)
  })
})

describe('jobs', () => {
  test('are told apart: scenarios, finished ones, and sitings of one', async () => {
    const jobs = useCoverageJobs()
    answer = () => ({ body: { items: [aJob(), aJob({ id: 8, state: 'running' }), aJob({ id: 9, kind: 'siting', parent_id: 7 })], next: null } })
    await jobs.load()
    expect([jobs.scenarios.length, jobs.done.map(({ id }) => id), jobs.sitingsOf(7).map(({ id }) => id)]).toEqual([2, [7], [9]])
  })

  test('are followed until they are over', async () => {
    vi.useFakeTimers()
    const jobs = useCoverageJobs()
    let left = 3
    answer = () => ({ body: { items: [aJob({ state: --left > 0 ? 'running' : 'done' })], next: null } })
    await jobs.load()
    const over = jobs.until(7, ({ state }) => state === 'done')
    await vi.runAllTimersAsync()
    expect((await over)?.state).toBe('done')
    expect(left).toBe(0)
  })

  test('keep the last list and say so when the server is gone', async () => {
    const jobs = useCoverageJobs()
    answer = () => ({ body: { items: [aJob()], next: null } })
    await jobs.load()
    answer = () => new Error('gone')
    await jobs.load()
    expect([jobs.rows.length, jobs.error !== null]).toEqual([1, true])
  })
})

test('rows are sorted by any column, those without a value last', () => {
  const rows = [{ n: 2 }, { n: null }, { n: 10 }, { n: 1 }]
  expect(sorted(rows, ({ n }) => n, false).map(({ n }) => n)).toEqual([1, 2, 10, null])
  expect(sorted(rows, ({ n }) => n, true).map(({ n }) => n)).toEqual([10, 2, 1, null])
  expect(sorted(['b', 'a'], (one) => one, false)).toEqual(['a', 'b'])
})

describe('colours of bands', () => {
  const theirs = readFileSync('../planning/colours.py', 'utf8')

  test('are those of the server’s maps and reports', () => {
    const named = [...theirs.matchAll(/#[0-9a-f]{6}/g)].map(([colour]) => colour)
    expect(bandColours(8)).toEqual(named.slice(0, 8))
    expect(BEYOND).toBe(named[8])
  })

  test('use both ends of the scale', () => {
    expect(bandColours(1)).toEqual([bandColours(8)[0]])
    expect(bandColours(3)).toEqual([0, 4, 7].map((i) => bandColours(8)[i])) // round(3.5) is 4 here as there
  })

  test('count the end of a band as inside', () => {
    expect(bandExpression(['get', 'minutes'], [15])).toEqual(['case', ['<=', ['get', 'minutes'], 15], bandColours(1)[0], BEYOND])
  })
})
