/**
 * What must reach the server once, whatever the network does: steps of an assignment and its report.
 *
 * Everything is written to the phone's memory before anything is sent, and removed only after the server has it. What is
 * sent twice counts once: a photo by the id that the phone chose, a step by the version of the assignment that it was
 * taken from. Of one assignment the steps go first, in their order, and the report last.
 */
import { type Api, ApiProblem, type Assignment, type AssignmentState, type Bilingual, Unreachable } from '@/api'
import type { Memory } from './memory'

export interface ReportPhoto {
  id: string
  takenAt: string
  file: Blob
  sent: boolean
}

/** Of one person about one assignment, until the server has it. */
interface Waiting {
  assignmentId: number
  /** The assignment's, as it is when everything before has arrived. */
  version: number
  /** Whose: on a shared phone nobody sends in another's name. */
  officerId: number
  /** When the person did it. */
  at: string
  /** Why the server refused it, if it did; such a thing waits for the person, not for the network. */
  refused: Bilingual | null
}

export interface WaitingStep extends Waiting {
  name: 'depart' | 'arrive'
}

export interface Report extends Waiting {
  /** What it is about, for the list of what waits. */
  title: string
  note: string
  photos: ReportPhoto[]
  /** Still being written: kept, but not sent. */
  draft: boolean
}

/** Where it waits; steps in the order of their versions. */
export class Errands {
  private readonly memory: Memory

  constructor(memory: Memory) {
    this.memory = memory
  }

  steps(): Promise<WaitingStep[]> {
    return this.memory.run('steps', 'readonly', (steps) => steps.getAll() as IDBRequest<WaitingStep[]>)
  }

  reports(): Promise<Report[]> {
    return this.memory.run('reports', 'readonly', (reports) => reports.getAll() as IDBRequest<Report[]>)
  }

  report(assignmentId: number): Promise<Report | undefined> {
    return this.memory.run('reports', 'readonly', (reports) => reports.get(assignmentId) as IDBRequest<Report | undefined>)
  }

  /** The same step of the same version, taken in a second tab, is one step. */
  async putStep(step: WaitingStep): Promise<void> {
    await this.memory.run('steps', 'readwrite', (steps) => steps.put(step))
  }

  async putReport(report: Report): Promise<void> {
    await this.memory.run('reports', 'readwrite', (reports) => reports.put(report))
  }

  /**
   * Keep a draft, unless the report has been submitted. Looked and written in one go: a draft that is saved while the
   * report is being submitted, say because the screen was locked, must not take its place.
   */
  async putDraft(draft: Report): Promise<void> {
    await this.memory.run('reports', 'readwrite', (reports) => {
      const known = reports.get(draft.assignmentId) as IDBRequest<Report | undefined>
      known.onsuccess = () => {
        if (!known.result || known.result.draft || known.result.refused !== null) reports.put(draft)
      }
      return known
    })
  }

  async removeStep({ assignmentId, version }: WaitingStep): Promise<void> {
    await this.memory.run('steps', 'readwrite', (steps) => steps.delete([assignmentId, version]))
  }

  async removeReport(assignmentId: number): Promise<void> {
    await this.memory.run('reports', 'readwrite', (reports) => reports.delete(assignmentId))
  }
}

export type Outcome = { state: 'delivered'; assignment: Assignment } | { state: 'refused'; why: Bilingual } | { state: 'waiting' }

/** After this the network counts as gone; a photo on a poor one may take its time. */
const STEP_TIMEOUT_MS = 20_000
const PHOTO_TIMEOUT_MS = 120_000

export async function deliverStep(api: Api, errands: Errands, step: WaitingStep): Promise<Outcome> {
  const outcome = await attempt(
    () => api.step(step.assignmentId, step.name, { version: step.version, taken_at: step.at }, within(STEP_TIMEOUT_MS)),
    async () => {
      const now = await api.assignment(step.assignmentId, within(STEP_TIMEOUT_MS))
      return reached(now.state, step.name) ? now : null
    },
  )
  if (outcome.state === 'delivered') await errands.removeStep(step)
  if (outcome.state === 'refused') await errands.putStep({ ...step, refused: outcome.why })
  return outcome
}

/** `onPhoto` hears of each photo that arrived; every one of them is remembered. */
export async function deliverReport(api: Api, errands: Errands, report: Report, onPhoto = () => {}): Promise<Outcome> {
  const { assignmentId, version, note, at } = report
  const outcome = await attempt(
    async () => {
      for (const photo of report.photos) {
        if (photo.sent) continue
        await api.sendPhoto(assignmentId, photo.id, photo.file, photo.takenAt, within(PHOTO_TIMEOUT_MS))
        photo.sent = true
        await errands.putReport(report)
        onPhoto()
      }
      return api.step(assignmentId, 'finish', { version, note, taken_at: at }, within(STEP_TIMEOUT_MS))
    },
    async () => {
      // Finished with these very words: it had arrived, and only its answer was lost.
      const now = await api.assignment(assignmentId, within(STEP_TIMEOUT_MS))
      return now.state === 'finished' && now.report === note ? now : null
    },
  )
  if (outcome.state === 'delivered') await errands.removeReport(assignmentId)
  if (outcome.state === 'refused') await errands.putReport({ ...report, refused: outcome.why })
  return outcome
}

const within = (ms: number) => ({ signal: AbortSignal.timeout(ms) })

/** Send; of a conflict ask whether it means that this had arrived before. */
async function attempt(send: () => Promise<Assignment>, arrivedBefore: () => Promise<Assignment | null>): Promise<Outcome> {
  try {
    return { state: 'delivered', assignment: await send() }
  } catch (error) {
    if (!(error instanceof ApiProblem)) return waitingFor(error)
    if (error.status === 409) {
      try {
        const assignment = await arrivedBefore()
        if (assignment) return { state: 'delivered', assignment }
      } catch (unknown) {
        return waitingFor(unknown)
      }
    }
    // An ended session, too many requests or a broken server: none of these says anything about what was sent.
    if (error.status === 401 || error.status === 429 || error.status >= 500) return { state: 'waiting' }
    return { state: 'refused', why: { en: error.message, zh: error.detailZh ?? error.message } }
  }
}

function waitingFor(error: unknown): { state: 'waiting' } {
  if (error instanceof Unreachable || error instanceof ApiProblem) return { state: 'waiting' }
  throw error
}

const ORDER: readonly AssignmentState[] = ['accepted', 'departed', 'arrived', 'finished']
const FROM: Record<WaitingStep['name'], readonly AssignmentState[]> = { depart: ['accepted'], arrive: ['accepted', 'departed'] }
const LEADS_TO = { depart: 'departed', arrive: 'arrived' } as const

function reached(state: AssignmentState, step: WaitingStep['name']): boolean {
  return ORDER.indexOf(state) >= ORDER.indexOf(LEADS_TO[step])
}

/** The assignment as it is for the person who took these steps, though the server has not heard of them. */
export function withSteps(assignment: Assignment, steps: readonly WaitingStep[]): Assignment {
  let shown = assignment
  for (const { assignmentId, version, name, at, refused } of steps) {
    if (refused !== null || assignmentId !== shown.id || version !== shown.version || !FROM[name].includes(shown.state)) continue
    const state = LEADS_TO[name]
    shown = { ...shown, state, version: version + 1, [`${state}_at`]: at }
  }
  return shown
}
