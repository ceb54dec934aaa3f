/** Sends what waits on this phone, and shows it; what it is and how it is delivered once is in `phone/errands`. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { type Assignment, useApi } from '@/api'
import { deliverReport, deliverStep, Errands, type Report, type WaitingStep } from '@/phone/errands'
import { usePhone } from '@/phone/memory'
import { useSession } from './session'

const FIRST_RETRY_MS = 5_000
const LAST_RETRY_MS = 300_000

/** Twice as long after each try without an answer, up to five minutes. */
export const retryAfter = (failures: number) => Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10))

/** Other tabs of this phone show the same list, and what has become of an assignment when something of it was delivered. */
const NEWS = 'onemap-outbox'
type Delivered = { assignment: Assignment; what: 'step' | 'report' }

export const useOutbox = defineStore('outbox', () => {
  const api = useApi()
  const session = useSession()
  const phone = usePhone()
  const errands = new Errands(phone.memory)
  const exclusive = phone.exclusive('onemap-outbox')
  const steps = ref<WaitingStep[]>([])
  const reports = ref<Report[]>([])
  const sending = ref(false)
  /** When it is tried again by itself, in milliseconds; null while there is nothing to try. */
  const nextTryAt = ref<number | null>(null)
  let failures = 0
  let again = false
  let timer: number | undefined
  let news: BroadcastChannel | null = null
  let onDelivered: (assignment: Assignment, what: Delivered['what']) => void = () => {}

  /** Of whoever is signed in; what another person left on a shared phone waits for that person. */
  const mine = ({ officerId }: { officerId?: number }) => officerId === undefined || officerId === session.user?.officer_id
  const submitted = computed(() => reports.value.filter((report) => !report.draft))
  const pending = computed(() => [...steps.value, ...submitted.value].filter(({ refused }) => refused === null))

  async function load(): Promise<void> {
    const [allSteps, allReports] = await Promise.all([errands.steps(), errands.reports()])
    steps.value = allSteps.filter(mine)
    reports.value = allReports.filter(mine)
  }

  async function changed(): Promise<void> {
    await load()
    news?.postMessage(null)
  }

  /**
   * The server has it. All tabs must know before the errand vanishes from their list: one whose link is not back yet
   * would show the step before, and ask for a report that has arrived.
   */
  function delivered(assignment: Assignment, what: Delivered['what']): void {
    onDelivered(assignment, what)
    news?.postMessage({ assignment, what } satisfies Delivered)
  }

  /** Keep a step; from here on it cannot be lost. */
  async function addStep(step: WaitingStep): Promise<void> {
    await errands.putStep(step)
    await changed()
  }

  /** Keep a report, or a draft of one. A report that has been submitted is not made a draft again by another tab. */
  async function keep(report: Report): Promise<void> {
    await (report.draft ? errands.putDraft(report) : errands.putReport(report))
    await changed()
  }

  const draft = (assignmentId: number) => errands.report(assignmentId)

  /** Send what waits. Calls while one is under way are folded into one more round. */
  async function flush(): Promise<void> {
    if (sending.value) {
      again = true
      return
    }
    sending.value = true
    window.clearTimeout(timer)
    try {
      do {
        again = false
        failures = (await exclusive(round)) ? 0 : failures + 1
      } while (again)
    } finally {
      sending.value = false
      await changed()
      planNext()
    }
  }

  /** One pass over everything; whether all of it found an answer. */
  async function round(): Promise<boolean> {
    for (const step of (await errands.steps()).filter(mine)) {
      if (step.refused !== null) continue
      const outcome = await deliverStep(api, errands, step)
      if (outcome.state === 'waiting') return false // what comes after it must not overtake it
      if (outcome.state === 'delivered') delivered(outcome.assignment, 'step')
    }
    for (const report of (await errands.reports()).filter(mine)) {
      if (report.draft || report.refused !== null) continue
      const outcome = await deliverReport(api, errands, report, () => void load())
      if (outcome.state === 'waiting') return false
      if (outcome.state === 'delivered') delivered(outcome.assignment, 'report')
    }
    return true
  }

  function planNext(): void {
    window.clearTimeout(timer)
    nextTryAt.value = null
    if (pending.value.length === 0) return
    const wait = retryAfter(failures - 1)
    nextTryAt.value = Date.now() + wait
    timer = window.setTimeout(() => void flush(), wait)
  }

  /** The person has decided that a refused thing is not needed any more. */
  async function discard(assignmentId: number): Promise<void> {
    for (const step of steps.value) if (step.assignmentId === assignmentId) await errands.removeStep(step)
    await errands.removeReport(assignmentId)
    await changed()
  }

  /** The person wants a refused thing tried once more. */
  async function retry(assignmentId: number): Promise<void> {
    for (const step of await errands.steps()) {
      if (step.assignmentId === assignmentId && step.refused) await errands.putStep({ ...step, refused: null })
    }
    const report = await errands.report(assignmentId)
    if (report?.refused) await errands.putReport({ ...report, refused: null })
    await flush()
  }

  /** Send when the network or the person returns, and now and then in case the browser did not notice. */
  function start(whenDelivered: typeof onDelivered): () => void {
    onDelivered = whenDelivered
    const now = () => {
      failures = 0
      if (pending.value.length > 0) void flush()
    }
    const whenSeen = () => {
      if (document.visibilityState === 'visible') now()
    }
    if ('BroadcastChannel' in window) {
      news = new BroadcastChannel(NEWS)
      news.onmessage = ({ data }: MessageEvent<Delivered | null>) => {
        if (data) onDelivered(data.assignment, data.what)
        void load()
      }
    }
    window.addEventListener('online', now)
    document.addEventListener('visibilitychange', whenSeen)
    void load().then(now, () => undefined)
    return () => {
      window.removeEventListener('online', now)
      document.removeEventListener('visibilitychange', whenSeen)
      window.clearTimeout(timer)
      news?.close()
      news = null
    }
  }

  return { steps, reports, submitted, pending, sending, nextTryAt, load, addStep, keep, draft, flush, discard, retry, start }
})
