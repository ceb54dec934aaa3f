/** Several alerts at once: the server's joint plan, and its confirmation as a whole. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { type Assignment, isAbort, type JointPlan, useApi } from '@/api'
import { finishedBy, isUnderWay, useAlerts } from './alerts'

export const useJoint = defineStore('joint', () => {
  const api = useApi()
  const alerts = useAlerts()
  const plan = shallowRef<JointPlan | null>(null)
  const loading = ref(false)
  const sending = ref(false)
  const error = shallowRef<unknown>(null)
  let running: AbortController | null = null

  /** What the server plans for when it is not told: open, no drill, nobody on the way or through. */
  const waiting = computed(() =>
    alerts.open.filter((alert) => !alert.drill && !alert.assignments.some(isUnderWay) && !finishedBy(alert)),
  )
  /** How many more alerts going one by one would leave without anyone. */
  const leftByGreedy = computed(() =>
    plan.value ? plan.value.greedy.unserved.length - plan.value.unserved.length : 0,
  )

  async function load(): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    loading.value = true
    try {
      const fresh = await api.jointPlan({ signal: mine.signal })
      if (running !== mine) return
      plan.value = fresh
      error.value = null
    } catch (problem) {
      if (running === mine && !isAbort(problem)) error.value = problem
    } finally {
      if (running === mine) loading.value = false
    }
  }

  /** Call everybody of the plan, or nobody; who was called. A second press while sending calls nobody. */
  async function confirm(note: string): Promise<Assignment[]> {
    if (!plan.value || sending.value) return []
    sending.value = true
    try {
      const chosen = plan.value.plan.map(({ alert_id, officer_id, version }) => ({ alert_id, officer_id, version }))
      const { items } = await api.confirmPlan(chosen, note)
      for (const { alert, assignments } of items) {
        alerts.apply(alert)
        assignments.forEach(alerts.applyAssignment)
      }
      return items.flatMap(({ assignments }) => assignments)
    } finally {
      sending.value = false
    }
  }

  function clear(): void {
    running?.abort()
    running = null
    plan.value = null
    error.value = null
    loading.value = false
  }

  return { plan, loading, sending, error, waiting, leftByGreedy, load, confirm, clear }
})
