/**
 * Reports that must reach the server once, whatever the network does.
 *
 * A report is written to IndexedDB before anything is sent and removed only after the server has it. The phone chooses
 * every photo's id, so a repeated upload is stored once; a repeated finish is recognised by the assignment's state.
 */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { type Api, ApiProblem, Unreachable, useApi } from '@/api'

export interface ReportPhoto {
  id: string
  takenAt: string
  file: Blob
  sent: boolean
}

export interface Report {
  /** The assignment's: it can be finished only once. */
  assignmentId: number
  version: number
  note: string
  photos: ReportPhoto[]
  writtenAt: string
  /** Why the server refused it, if it did; such a report waits for the officer, not for the network. */
  refused: string | null
}

/** Where reports wait; IndexedDB on the phone. */
export interface ReportStore {
  all(): Promise<Report[]>
  put(report: Report): Promise<void>
  remove(assignmentId: number): Promise<void>
}

export class IndexedReports implements ReportStore {
  private readonly factory: IDBFactory
  private database: Promise<IDBDatabase> | null = null

  constructor(factory: IDBFactory = indexedDB) {
    this.factory = factory
  }

  async all(): Promise<Report[]> {
    return this.run('readonly', (reports) => reports.getAll() as IDBRequest<Report[]>)
  }

  async put(report: Report): Promise<void> {
    await this.run('readwrite', (reports) => reports.put(report))
  }

  async remove(assignmentId: number): Promise<void> {
    await this.run('readwrite', (reports) => reports.delete(assignmentId))
  }

  private open(): Promise<IDBDatabase> {
    this.database ??= new Promise((resolve, reject) => {
      const request = this.factory.open('onemap-field', 1)
      request.onupgradeneeded = () => request.result.createObjectStore('reports', { keyPath: 'assignmentId' })
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    return this.database
  }

  private async run<T>(mode: IDBTransactionMode, ask: (reports: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await this.open()
    return new Promise((resolve, reject) => {
      const transaction = database.transaction('reports', mode)
      const request = ask(transaction.objectStore('reports'))
      // Only a finished transaction is on the disk; a finished request is not yet.
      transaction.oncomplete = () => resolve(request.result)
      transaction.onerror = () => reject(transaction.error)
      transaction.onabort = () => reject(transaction.error)
    })
  }
}

export type Delivery = 'delivered' | 'waiting' | 'refused'

/** Try to bring one report to the server; every part of it that arrived is remembered. */
export async function deliverReport(api: Api, store: ReportStore, report: Report): Promise<Delivery> {
  try {
    for (const photo of report.photos) {
      if (photo.sent) continue
      await api.sendPhoto(report.assignmentId, photo.id, photo.file, photo.takenAt)
      photo.sent = true
      await store.put(report)
    }
    await api.step(report.assignmentId, 'finish', {
      version: report.version,
      note: report.note,
    })
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 409 && (await isFinished(api, report))) {
      // The finish had arrived and only its answer was lost.
    } else if (error instanceof ApiProblem && error.status < 500 && error.status !== 401 && error.status !== 429) {
      await store.put({ ...report, refused: error.message })
      return 'refused'
    } else if (error instanceof ApiProblem || error instanceof Unreachable) {
      return 'waiting'
    } else {
      throw error
    }
  }
  await store.remove(report.assignmentId)
  return 'delivered'
}

async function isFinished(api: Api, report: Report): Promise<boolean> {
  try {
    return (await api.assignment(report.assignmentId)).state === 'finished'
  } catch (error) {
    if (error instanceof ApiProblem || error instanceof Unreachable) return false
    throw error
  }
}

const RETRY_EVERY_MS = 15_000

export const useOutbox = defineStore('outbox', () => {
  const api = useApi()
  let store: ReportStore | null = null
  const waiting = ref<Report[]>([])
  const sending = ref(false)
  let again = false
  let retryTimer: number | undefined

  const reports = () => (store ??= new IndexedReports())

  async function load(): Promise<void> {
    waiting.value = await reports().all()
  }

  /** Keep the report; from here on it cannot be lost. */
  async function add(report: Report): Promise<void> {
    await reports().put(report)
    await load()
  }

  /** Send what waits. Calls while one is under way are folded into one more round. */
  async function flush(): Promise<number> {
    if (sending.value) {
      again = true
      return 0
    }
    sending.value = true
    let delivered = 0
    try {
      do {
        again = false
        for (const report of await reports().all()) {
          if (report.refused === null && (await deliverReport(api, reports(), report)) === 'delivered') delivered += 1
        }
      } while (again)
    } finally {
      sending.value = false
      await load()
    }
    return delivered
  }

  async function discard(assignmentId: number): Promise<void> {
    await reports().remove(assignmentId)
    await load()
  }

  /** Send when the network returns, and now and then in case the browser did not notice. */
  function start(onDelivered: () => void): () => void {
    const tryNow = async () => {
      if (waiting.value.length > 0 && (await flush()) > 0) onDelivered()
    }
    const run = () => void tryNow()
    window.addEventListener('online', run)
    retryTimer = window.setInterval(run, RETRY_EVERY_MS)
    void load().then(run)
    return () => {
      window.removeEventListener('online', run)
      window.clearInterval(retryTimer)
    }
  }

  return { waiting, sending, load, add, flush, discard, start }
})
