/** How much slower or faster than the limit the ranking drives, by class of road and hour of the day. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { ApiProblem, type NewSpeeds, type Speeds, useApi } from '@/api'

export const EVERY_CLASS = '*'
export const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

/** What holds for a class in an hour: its own factors, else those of every class, multiplied. */
export function factorAt(speeds: Pick<Speeds, 'by_class' | 'by_hour'>, roadClass: string, hour: number): number {
  const of = (factors: Record<string, number> | undefined) => factors?.[roadClass] ?? factors?.[EVERY_CLASS] ?? 1
  return of(speeds.by_class) * of(speeds.by_hour[hour])
}

export const useSpeeds = defineStore('speeds', () => {
  const api = useApi()
  const setting = shallowRef<Speeds | null>(null)
  const error = shallowRef<unknown>(null)

  async function load(): Promise<void> {
    try {
      setting.value = await api.speeds()
      error.value = null
    } catch (problem) {
      error.value = problem
    }
  }

  /** Set the factors; when somebody else was quicker, theirs are shown and the refusal is passed on. */
  async function save(factors: Pick<NewSpeeds, 'by_class' | 'by_hour'>): Promise<void> {
    if (!setting.value) return
    try {
      setting.value = await api.setSpeeds({ ...factors, version: setting.value.version })
    } catch (problem) {
      if (problem instanceof ApiProblem && problem.status === 409) await load()
      throw problem
    }
  }

  return { setting, error, load, save }
})
