/** The officer's own phone: duty, and the assignment in hand as it is for the person who holds the phone. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { type Assignment, type AssignmentStep, type Duty, type Officer, type Route, useApi } from '@/api'
import { withSteps } from '@/phone/errands'
import { forget, recall, remember } from '@/phone/lastKnown'
import { usePhone } from '@/phone/memory'
import { isUnderWay } from './alerts'
import { useOutbox } from './outbox'
import { useSession } from './session'
import { useSharing } from './sharing'

/** Of two states of one assignment the later: answers and frames do not arrive in the order in which they were true. */
const newer = (known: Assignment | undefined, told: Assignment) => (known && known.version > told.version ? known : told)

export const useField = defineStore('field', () => {
  const api = useApi()
  const session = useSession()
  const outbox = useOutbox()
  const sharing = useSharing()
  const { memory } = usePhone()
  const me = ref<Officer | null>(null)
  const assignments = ref<Assignment[]>([])
  const route = shallowRef<{ assignmentId: number; route: Route } | null>(null)
  const loaded = ref(false)
  /** When what is shown was true, in milliseconds; null before anything is shown. */
  const knownAt = ref<number | null>(null)
  /** It comes from the phone's memory: the server has not been heard since the page was opened. */
  const remembered = ref(false)
  /** The assignment that was taken from the officer, until it has been seen. */
  const ended = ref<Assignment | null>(null)

  const officerId = computed(() => session.user?.officer_id ?? null)
  const onDuty = computed(() => me.value?.on_duty ?? false)
  const shown = computed(() => assignments.value.map((assignment) => withSteps(assignment, outbox.steps)))
  const current = computed(() => shown.value.find(isUnderWay) ?? null)
  /** Its report waits in the outbox: for the officer the task is done. */
  const handedIn = computed(() => outbox.submitted.some(({ assignmentId }) => assignmentId === current.value?.id))
  const currentRoute = computed(() => (route.value?.assignmentId === current.value?.id ? (route.value?.route ?? null) : null))

  function need(): number {
    if (officerId.value === null) throw new Error('This account belongs to no officer.')
    return officerId.value
  }

  async function load(): Promise<void> {
    if (!session.known) await session.load()
    if (officerId.value === null) return // signed out; the page goes to the sign-in
    const id = need()
    const [officer, mine] = await Promise.all([api.officer(id), api.assignments({ officer: id, limit: 50 })])
    // While we asked, a frame, an answer or a later question may have told us more than this answer knows.
    if (me.value?.id !== officer.id || me.value.version <= officer.version) me.value = officer
    const before = new Map(assignments.value.map((one) => [one.id, one]))
    assignments.value = mine.items.map((one) => newer(before.get(one.id), one))
    for (const one of assignments.value) notice(before.get(one.id), one)
    loaded.value = true
    remembered.value = false
    shareWhileOnDuty()
    keepKnown()
  }

  /** Without a network: what the phone knew when it had one. */
  async function restore(): Promise<void> {
    const last = await recall(memory)
    if (last === null || loaded.value) return
    if (session.user && session.user.officer_id !== last.user.officer_id) return
    if (!session.known) session.assume(last.user, last.demo)
    me.value = last.me
    assignments.value = last.assignments
    route.value = last.route
    knownAt.value = last.at
    loaded.value = remembered.value = true
    await outbox.load()
    // Duty runs out by the clock also where no server can say so.
    if (last.me.duty_until !== null && Date.parse(last.me.duty_until) < Date.now()) me.value = { ...last.me, on_duty: false }
    shareWhileOnDuty()
  }

  function keepKnown(): void {
    knownAt.value = Date.now()
    const { user } = session
    if (user === null || me.value === null) return
    const known = { at: knownAt.value, user, demo: session.demo, me: me.value, assignments: assignments.value, route: route.value }
    void remember(memory, known).catch(() => undefined) // a private window has no memory: the page works without
  }

  function setRoute(assignmentId: number, found: Route): void {
    route.value = { assignmentId, route: found }
    keepKnown()
  }

  function apply(assignment: Assignment): void {
    if (assignment.officer_id !== officerId.value) return
    const known = assignments.value.find(({ id }) => id === assignment.id)
    if (newer(known, assignment) !== assignment) return
    notice(known, assignment)
    assignments.value = [assignment, ...assignments.value.filter(({ id }) => id !== assignment.id)]
    keepKnown()
  }

  /** Taken away by the desk, or because nobody answered: that must be seen, not only vanish. */
  function notice(before: Assignment | undefined, now: Assignment): void {
    if (!before || !isUnderWay(before) || isUnderWay(now)) return
    if (now.state === 'cancelled' || (now.state === 'declined' && now.decline_reason === 'timeout')) ended.value = now
  }

  async function setDuty(on: boolean, until: string | null): Promise<void> {
    if (!on) await sharing.send().catch(() => undefined) // what was made on duty still belongs to the track
    applyDuty(await api.duty(need(), on, until))
  }

  /** Duty also ends by itself, or by the desk: the position stops being shared then. */
  function applyDuty(duty: Duty): void {
    if (me.value === null || duty.id !== me.value.id || duty.version < me.value.version) return
    me.value = { ...me.value, ...duty }
    shareWhileOnDuty()
    keepKnown()
  }

  function shareWhileOnDuty(): void {
    if (onDuty.value) void sharing.start()
    else sharing.stop()
  }
  watch([current, handedIn], ([now, done]) => (sharing.onTask = now !== null && !done))

  /** Answering a call needs the server: only it knows whether the call still stands. */
  async function answer(assignment: Assignment, name: 'accept' | 'decline', reason?: string): Promise<void> {
    apply(await api.step(assignment.id, name, { version: assignment.version, ...(reason ? { reason } : {}) }))
  }

  /** Setting out and arriving count from the touch, whatever the network does. Whether the server has it already. */
  async function step(assignment: Assignment, name: Extract<AssignmentStep, 'depart' | 'arrive'>): Promise<boolean> {
    const { id: assignmentId, version } = assignment
    await outbox.addStep({ assignmentId, version, name, officerId: need(), at: new Date().toISOString(), refused: null })
    await outbox.flush()
    return !outbox.steps.some((step) => step.assignmentId === assignmentId)
  }

  async function signOut(): Promise<void> {
    await session.signOut()
    sharing.stop()
    await forget(memory).catch(() => undefined)
  }

  return {
    me, assignments, route, loaded, knownAt, remembered, ended, officerId, onDuty, current, handedIn, currentRoute,
    load, restore, apply, applyDuty, setDuty, answer, step, setRoute, signOut,
  }
})
