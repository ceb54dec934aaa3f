/** The alerts and who was promised to each; the newest version of a row wins, whatever way it came. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { type Alert, type Assignment, type NewAlert, type Offer, useApi } from '@/api'

const OPEN_STATES = new Set(['offered', 'accepted', 'departed', 'arrived'])

export const isOpen = (alert: Alert) => alert.status !== 'closed'
export const isUnderWay = (assignment: Assignment) => OPEN_STATES.has(assignment.state)

/** The officer who has been there, when nobody else is on the way: the alert waits to be closed. */
export const finishedBy = ({ assignments }: Alert) =>
  assignments.some(isUnderWay) ? undefined : assignments.findLast(({ state }) => state === 'finished')

/** 0: somebody must act now; 1: somebody is on it or has been there; 2: closed. */
function stage(alert: Alert): number {
  if (!isOpen(alert)) return 2
  return alert.assignments.some(isUnderWay) || finishedBy(alert) ? 1 : 0
}

/** Those that wait for a decision first, then by gravity, then newest first. */
export function byUrgency(a: Alert, b: Alert): number {
  return stage(a) - stage(b) || a.level - b.level || b.raised_at.localeCompare(a.raised_at)
}

export const useAlerts = defineStore('alerts', () => {
  const api = useApi()
  const rows = ref(new Map<number, Alert>())
  const loaded = ref(false)
  /** Alerts that rose while this page was watching, newest last; the wall puts them on its stage. */
  const risen = ref<number[]>([])

  const all = computed(() => [...rows.value.values()].sort(byUrgency))
  const open = computed(() => all.value.filter(isOpen))
  const latestClosed = computed(() =>
    all.value
      .filter((alert) => !isOpen(alert))
      .sort((a, b) => (b.closed_at ?? '').localeCompare(a.closed_at ?? ''))
      .slice(0, 50),
  )

  async function load(): Promise<void> {
    // Open ones must be complete; of the closed ones only the latest are of interest here.
    const pages = await Promise.all([
      api.alerts({ status: 'open', limit: 1000 }),
      api.alerts({ status: 'closed', limit: 50 }),
    ])
    const fresh = new Map<number, Alert>()
    for (const { items } of pages) for (const alert of items) fresh.set(alert.id, alert)
    // What rose while the link was broken is news too; what was there when the page opened is not.
    const missed = loaded.value
      ? [...fresh.values()].filter(({ id, status }) => status === 'raised' && !rows.value.has(id)).map(({ id }) => id)
      : []
    rows.value = fresh
    loaded.value = true
    if (missed.length > 0) rise(missed)
  }

  /** Take a row from the feed or an answer, unless a newer one is here already. */
  function apply(alert: Alert): void {
    const known = rows.value.get(alert.id)
    if (known && known.version > alert.version) return
    const assignments = mergeAssignments(known?.assignments ?? [], alert.assignments ?? [])
    rows.value.set(alert.id, { ...alert, assignments })
  }

  function applyRisen(alert: Alert): void {
    const isNew = !rows.value.has(alert.id)
    apply(alert)
    if (isNew) rise([alert.id])
  }

  function rise(ids: number[]): void {
    risen.value = [...risen.value, ...ids.sort((a, b) => a - b)].slice(-20)
  }

  function applyAssignment(assignment: Assignment): void {
    const alert = rows.value.get(assignment.alert_id)
    if (!alert) return
    rows.value.set(alert.id, { ...alert, assignments: mergeAssignments(alert.assignments, [assignment]) })
  }

  async function refresh(id: number): Promise<void> {
    apply(await api.alert(id))
  }

  async function acknowledge(alert: Alert): Promise<void> {
    apply(await api.acknowledge(alert.id, alert.version))
  }

  async function close(alert: Alert, note: string): Promise<void> {
    apply(await api.close(alert.id, alert.version, note))
  }

  async function raise(alert: NewAlert): Promise<Alert> {
    const raised = await api.raise(alert)
    apply(raised)
    return raised
  }

  async function assign(alert: Alert, offer: Omit<Offer, 'version'>): Promise<Assignment[]> {
    const answer = await api.assign(alert.id, { ...offer, version: alert.version })
    apply(answer.alert)
    answer.assignments.forEach(applyAssignment)
    return answer.assignments
  }

  async function cancel(assignment: Assignment, reason: string): Promise<void> {
    applyAssignment(await api.step(assignment.id, 'cancel', { version: assignment.version, reason }))
  }

  return {
    rows, loaded, risen, all, open, latestClosed,
    load, apply, applyRisen, applyAssignment, refresh, acknowledge, close, raise, assign, cancel,
  }
})

/** Both lists by id, the higher version of each, in the order in which they were offered. */
function mergeAssignments(known: Assignment[], fresh: Assignment[]): Assignment[] {
  const merged = new Map(known.map((assignment) => [assignment.id, assignment]))
  for (const assignment of fresh) {
    const present = merged.get(assignment.id)
    if (!present || present.version <= assignment.version) merged.set(assignment.id, assignment)
  }
  return [...merged.values()].sort((a, b) => a.offered_at.localeCompare(b.offered_at) || a.id - b.id)
}
