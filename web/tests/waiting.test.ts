import { describe, expect, test } from 'vitest'
import { filtered, filterFrom, NO_FILTER, queryOf } from '@/stores/queueFilter'
import { pastQuery } from '@/stores/pastAlerts'
import { waitingFor } from '@/stores/waiting'
import { anAlert, anAssignment } from './fakes'

const AT = '2026-01-05T02:01:00Z'

describe('what an alert waits for', () => {
  test.each([
    ['nobody has seen it', anAlert(), [['acknowledge', null]]],
    ['nobody was sent', anAlert({ status: 'acknowledged', acknowledged_at: AT }), [['send', null]]],
    ['an answer', anAlert({ status: 'acknowledged', assignments: [anAssignment()] }), [['answer', 'Wang']]],
    ['two officers, each at a step of their own', anAlert({ status: 'acknowledged', assignments: [anAssignment({ state: 'departed', departed_at: AT }), anAssignment({ id: 32, officer_name: 'Li', state: 'arrived', arrived_at: AT })] }), [['drive', 'Wang'], ['scene', 'Li']]],
    ['the next one, after a no', anAlert({ status: 'acknowledged', assignments: [anAssignment({ state: 'declined', declined_at: AT })] }), [['send', null]]],
    ['being closed', anAlert({ status: 'acknowledged', assignments: [anAssignment({ state: 'finished', finished_at: AT })] }), [['close', null]]],
    ['nothing, when it is closed', anAlert({ status: 'closed' }), []],
  ])('%s', (_, alert, expected) => {
    expect(waitingFor(alert).map(({ kind, officer }) => [kind, officer])).toEqual(expected)
  })

  test('since the last no, and until the offer runs out', () => {
    const declined = anAlert({ status: 'acknowledged', acknowledged_at: '2026-01-05T02:00:30Z', assignments: [anAssignment({ state: 'declined', declined_at: AT })] })
    expect(waitingFor(declined)[0]!.since).toBe(AT)
    const offered = anAlert({ status: 'acknowledged', assignments: [anAssignment()] })
    expect(waitingFor(offered)[0]!.until).toBe(anAssignment().expires_at)
  })
})

describe('the filter of the queue', () => {
  const raised = anAlert({ id: 1, level: 3, raised_at: '2026-01-05T02:00:00Z' })
  const sent = anAlert({ id: 2, level: 1, kind: 'manual', region: '370704', status: 'acknowledged', acknowledged_by: 'me', raised_at: '2026-01-05T03:00:00Z', assignments: [anAssignment({ alert_id: 2 })] })
  const ids = (over: object) => filtered([raised, sent], { ...NO_FILTER, ...over }, 'me').map(({ id }) => id)

  test('lets pass what was asked for, in the order that was asked for', () => {
    expect(ids({})).toEqual([1, 2]) // what waits for the desk comes first
    expect(ids({ sort: 'level' })).toEqual([2, 1])
    expect(ids({ sort: 'oldest' })).toEqual([1, 2])
    expect(ids({ kind: 'manual' })).toEqual([2])
    expect(ids({ level: 3 })).toEqual([1])
    expect(ids({ region: '370704' })).toEqual([2])
    expect(ids({ waits: 'desk' })).toEqual([1])
    expect(ids({ waits: 'officer' })).toEqual([2])
    expect(ids({ mine: true })).toEqual([2])
  })

  test('is written into the address and read back; nonsense there counts as not said', () => {
    const filter = { ...NO_FILTER, list: 'closed' as const, level: 2 as const, mine: true, words: '异味', from: '2026-01-01' }
    const query = Object.fromEntries(Object.entries(queryOf(filter)).filter(([, value]) => value !== undefined))
    expect(query).toEqual({ list: 'closed', level: '2', mine: '1', words: '异味', from: '2026-01-01' })
    expect(filterFrom(query)).toEqual(filter)
    expect(filterFrom({ list: 'x', level: '9', sort: ['a'], region: '37', from: 'yesterday' })).toEqual(NO_FILTER)
    expect(Object.values(queryOf(NO_FILTER)).filter(Boolean)).toEqual([])
  })

  test('asks for whole days in Beijing', () => {
    expect(pastQuery({ ...NO_FILTER, from: '2026-01-01', to: '2026-01-01', words: ' 异味 ' })).toEqual({
      status: 'closed', limit: 50, q: '异味', from: '2025-12-31T16:00:00.000Z', to: '2026-01-01T16:00:00.000Z',
    })
  })
})
