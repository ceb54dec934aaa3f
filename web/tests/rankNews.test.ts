import { expect, test } from 'vitest'
import { declinedOf, statesOf, withNews } from '@/stores/rankNews'
import { aResponder, anAlert, anAssignment } from './fakes'

const why = (...codes: string[]) => codes.map((code) => ({ code, text: { zh: code, en: code } }))
const ended = anAlert({ assignments: [anAssignment({ state: 'declined' })] })

test('what was known when the ranking was asked for is no news', () => {
  const ranked = [aResponder({ status: 'busy', reasons: why('busy') })]
  expect(withNews(ranked, statesOf([ended]), [ended])[0]!.status).toBe('busy')
})

test('whose task has ended since is free again, but not with an expired certificate or by an old position', () => {
  const known = new Map([[31, 'offered']])
  const status = (...codes: string[]) => withNews([aResponder({ status: 'busy', reasons: why(...codes) })], known, [ended])[0]!.status
  expect(status('busy')).toBe('free')
  expect(status('busy', 'certificate_expired')).toBe('busy')
  expect(status('certificate_expired')).toBe('busy')
  expect(status('busy', 'stale')).toBe('stale')
})

test('who declined one alert and went to another is busy', () => {
  const other = anAlert({ id: 2, assignments: [anAssignment({ id: 32, alert_id: 2, state: 'accepted' })] })
  expect(withNews([aResponder()], new Map([[31, 'offered']]), [ended, other])[0]!.status).toBe('busy')
})

test('the order stays the server\'s: free by time, who cannot come, then the possible ones last', () => {
  const ranked = [
    aResponder({ officer_id: 1, travel_time_s: null }), aResponder({ officer_id: 2, status: 'stale', certainty: 'possible' }),
    aResponder({ officer_id: 3, status: 'stale', travel_time_s: 900 }), aResponder({ officer_id: 4, status: 'busy', reasons: why('busy') }),
  ]
  expect(withNews(ranked, new Map([[31, 'offered']]), [ended]).map(({ officer_id }) => officer_id)).toEqual([4, 1, 3, 2])
})

test('who declined is known by the list or by the news, each once', () => {
  expect(declinedOf([aResponder({ reasons: why('declined') }), aResponder({ officer_id: 9 })], undefined)).toEqual(new Set([4]))
  expect(declinedOf([aResponder({ officer_id: 9 })], ended)).toEqual(new Set([4]))
})
