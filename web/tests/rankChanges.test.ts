import { expect, test } from 'vitest'
import { rankChanges } from '@/stores/rankChanges'
import { aResponder } from './fakes'

const one = (officer_id: number, travel_time_s: number | null) => aResponder({ officer_id, travel_time_s })

test('who is overtaken moves down, who overtakes moves up', () => {
  const changes = rankChanges([one(1, 100), one(2, 200)], [one(2, 200), one(1, 400)])
  expect(changes.get(1)).toEqual({ places: -1, seconds: 300, isCutOff: false })
  expect(changes.get(2)).toEqual({ places: 1, seconds: 0, isCutOff: false })
})

test('a longer way is said even when the place stays', () => {
  expect(rankChanges([one(1, 100)], [one(1, 160)]).get(1)).toEqual({ places: 0, seconds: 60, isCutOff: false })
})

test('a few seconds are the officer, not the road', () => {
  expect(rankChanges([one(1, 100)], [one(1, 103)]).size).toBe(0)
})

test('whom no road leads there any more is cut off', () => {
  const changes = rankChanges([one(1, 100), one(2, 200)], [one(2, 200), one(1, null)])
  expect(changes.get(1)).toEqual({ places: -1, seconds: null, isCutOff: true })
})

test('someone who left or came in between moves nobody', () => {
  expect(rankChanges([one(1, 100), one(2, 200)], [one(3, 50), one(2, 200)]).size).toBe(0)
})
