/** A call can be taken back for ten seconds by one key, as long as it has not been accepted. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ApiProblem, type Assignment } from '@/api'
import { useAlerts } from './alerts'

export const UNDO_MS = 10_000
/** The reason that is recorded; the pages put it in words. */
export const UNDONE = 'undone'

export const useUndo = defineStore('undo', () => {
  const alerts = useAlerts()
  const offered = shallowRef<Assignment[]>([])
  const until = ref(0)
  const working = ref(false)
  let timer: number | undefined

  const names = computed(() => offered.value.map(({ officer_name }) => officer_name))
  /** Somebody has accepted: from then on a call is withdrawn with a reason, not undone. */
  const isAccepted = computed(() =>
    offered.value.some(({ id, alert_id }) => alerts.rows.get(alert_id)?.assignments.some((now) => now.id === id && now.state !== 'offered')),
  )

  /** These calls have just gone out. */
  function offer(assignments: Assignment[]): void {
    window.clearTimeout(timer)
    offered.value = assignments
    until.value = Date.now() + UNDO_MS
    timer = window.setTimeout(clear, UNDO_MS)
  }

  function clear(): void {
    window.clearTimeout(timer)
    offered.value = []
  }

  /**
   * Take all of them back, each by its version when it was offered: the server refuses what was accepted meanwhile.
   *
   * Answers those who had been quicker.
   */
  async function undo(): Promise<Assignment[]> {
    if (working.value) return []
    window.clearTimeout(timer)
    const calls = offered.value
    const kept: Assignment[] = []
    working.value = true
    try {
      for (const one of calls) {
        try {
          await alerts.cancel(one, UNDONE)
        } catch (error) {
          if (!(error instanceof ApiProblem && error.status === 409)) throw error
          kept.push(one)
        }
      }
    } finally {
      working.value = false
      clear()
    }
    return kept
  }

  return { offered, until, working, names, isAccepted, offer, undo, clear }
})
