import { expect, test } from 'vitest'
import type { RouteStep } from '@/api'
import { ageClass } from '@/ui/positionAge'
import { streets } from '@/ui/streets'

const step = (name: string | null, distance_m: number): RouteStep => ({ name, distance_m, road_class: 'primary', travel_time_s: 1 })

test('stretches of one street are said once, with their length together', () => {
  expect(streets([step('Minzhu', 700), step('Minzhu', 500), step('Beihai', 300)])).toEqual([
    { name: 'Minzhu', distance_m: 1200 },
    { name: 'Beihai', distance_m: 300 },
  ])
})

test('a crossing without a name does not break a street in two', () => {
  expect(streets([step('Minzhu', 700), step(null, 20), step('Minzhu', 500)])).toEqual([{ name: 'Minzhu', distance_m: 1200 }])
})

test('a long road without a name is said', () => {
  expect(streets([step(null, 400)])).toEqual([{ name: null, distance_m: 400 }])
})

test('an empty name is none', () => {
  expect(streets([step('', 400), step(null, 100)])).toEqual([{ name: null, distance_m: 500 }])
})

test('a position grows old in classes', () => {
  expect([0, 60, 61, 300, 301].map(ageClass)).toEqual(['fresh', 'fresh', 'recent', 'recent', 'old'])
})
