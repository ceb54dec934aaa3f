/** The phone's own memory: one IndexedDB for everything that must outlive the page. */
import { inject, type InjectionKey } from 'vue'

const NAME = 'onemap-field'
const VERSION = 2
const PARTS: Record<Part, IDBObjectStoreParameters> = {
  reports: { keyPath: 'assignmentId' },
  steps: { keyPath: ['assignmentId', 'version'] },
  fixes: { autoIncrement: true },
  known: {},
}
export type Part = 'reports' | 'steps' | 'fixes' | 'known'

export class Memory {
  private readonly factory: IDBFactory
  private database: Promise<IDBDatabase> | null = null

  constructor(factory: IDBFactory = indexedDB) {
    this.factory = factory
  }

  /** Do something with one part; fulfilled when it is on the disk, not only asked for. */
  async run<T>(part: Part, mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await this.open()
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(part, mode, { durability: 'strict' })
      const request = ask(transaction.objectStore(part))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onerror = () => reject(transaction.error)
      transaction.onabort = () => reject(transaction.error)
    })
  }

  private open(): Promise<IDBDatabase> {
    this.database ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = this.factory.open(NAME, VERSION)
      request.onupgradeneeded = () => {
        for (const [part, shape] of Object.entries(PARTS)) {
          if (!request.result.objectStoreNames.contains(part)) request.result.createObjectStore(part, shape)
        }
      }
      request.onsuccess = () => {
        // A newer page in another tab may change the shape; it must not wait for us.
        request.result.onversionchange = () => {
          request.result.close()
          this.database = null
        }
        resolve(request.result)
      }
      request.onerror = () => reject(request.error)
    }).catch((error: unknown) => {
      this.database = null // e.g. a private window: the next call asks again
      throw error
    })
    return this.database
  }
}

/** Of all tabs of this device, one at a time does this work; the others wait for their turn. */
export type Exclusive = <T>(work: () => Promise<T>) => Promise<T>

/** The part of the browser's Web Locks that we use. */
export interface Locks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>
}

export interface Phone {
  memory: Memory
  /** Missing where the page is not served securely: there the server's own idempotence has to do. */
  locks: Locks | undefined
}

export const phoneKey: InjectionKey<Phone> = Symbol('phone')
let shared: Phone | undefined

/** The phone that the app was started on; tests provide another. */
export function usePhone(): { memory: Memory; exclusive: (name: string) => Exclusive } {
  const { memory, locks } = inject(phoneKey, () => (shared ??= { memory: new Memory(), locks: navigator.locks as Locks | undefined }), true)
  return { memory, exclusive: (name) => (work) => (locks ? locks.request(name, work) : work()) }
}
