/** The question of coverage that is being put together, and what is still wrong with it. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Demand, Scenario } from '@/api'

export const SOURCES = ['stations', 'officers', 'day', 'night', 'points'] as const
export type Source = (typeof SOURCES)[number]
export const DEMANDS: readonly Demand[] = ['enterprises', 'high_risk', 'points', 'alerts', 'area']
export const RISKS = ['high', 'medium', 'low'] as const
export type Risk = (typeof RISKS)[number]
export type Corner = [lon: number, lat: number]

export const FIRST_BANDS = '15, 30, 45'
const MOST_BANDS = 8
const MOST_MINUTES = 180

/** `15, 30` as numbers, from the shortest; null when it is none. */
export function readBands(text: string): number[] | null {
  const parts = text.split(/[\s,，、;；]+/).filter(Boolean)
  const bands = [...new Set(parts.map(Number))].sort((a, b) => a - b)
  const isFine = bands.length > 0 && bands.length <= MOST_BANDS && bands.every((one) => one > 0 && one <= MOST_MINUTES)
  return isFine ? bands : null
}

export type Fault = 'bands' | 'points' | 'weights'

export const useQuestion = defineStore('question', () => {
  const region = ref('')
  const inside = ref<Corner[] | null>(null)
  const source = ref<Source>('stations')
  const points = ref<Corner[]>([])
  const bands = ref(FIRST_BANDS)
  const demand = ref<Demand>('enterprises')
  const hour = ref<number | null>(null)
  const weights = ref<Record<Risk, number>>({ high: 1, medium: 1, low: 1 })
  const ownOnly = ref(false)
  const name = ref('')

  const isWeighted = computed(() => demand.value !== 'area' && RISKS.some((risk) => weights.value[risk] !== 1))
  const fault = computed<Fault | null>(() => {
    if (readBands(bands.value) === null) return 'bands'
    if (source.value === 'points' && points.value.length === 0) return 'points'
    return RISKS.every((risk) => weights.value[risk] >= 0 && weights.value[risk] <= 1000) ? null : 'weights'
  })

  function asked(): Scenario {
    const isShift = source.value === 'day' || source.value === 'night'
    return {
      region: region.value,
      minutes: readBands(bands.value) ?? [],
      from: source.value === 'points' ? points.value : source.value === 'stations' ? 'stations' : 'officers',
      demand: demand.value,
      at: hour.value,
      shift: isShift ? (source.value as 'day' | 'night') : null,
      weights: isWeighted.value ? { ...weights.value } : null,
      own_only: ownOnly.value,
      inside: inside.value,
      name: name.value.trim(),
    }
  }

  /** Begin with what was asked before. */
  function fill(scenario: Scenario): void {
    region.value = scenario.region.replace(/(00)+$/, '')
    inside.value = scenario.inside ?? null
    points.value = Array.isArray(scenario.from) ? scenario.from : []
    source.value = Array.isArray(scenario.from) ? 'points' : scenario.from === 'officers' ? scenario.shift ?? 'officers' : 'stations'
    bands.value = scenario.minutes.join(', ')
    demand.value = scenario.demand
    hour.value = scenario.at ?? null
    weights.value = { high: 1, medium: 1, low: 1, ...scenario.weights }
    ownOnly.value = scenario.own_only
    name.value = ''
  }

  return { region, inside, source, points, bands, demand, hour, weights, ownOnly, name, isWeighted, fault, asked, fill }
})
