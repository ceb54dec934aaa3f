/** Positions on their way to the server: kept on the phone until they were taken, in the order in which they were made. */
import { type Api, ApiProblem, type Fix, Unreachable } from '@/api'
import type { Exclusive, Memory } from './memory'

/** More than a shift at the fastest rate; older ones are only of use for the track and go first. */
export const MOST_KEPT = 10_000
/** The server takes more, but a poor network prefers small pieces. */
export const BATCH = 500

export interface Sent {
  accepted: number
  refused: number
  /** The server's words for the last one that it refused. */
  why: string | null
}

export class FixQueue {
  private readonly api: Api
  private readonly memory: Memory
  private readonly exclusive: Exclusive

  constructor(api: Api, memory: Memory, exclusive: Exclusive) {
    this.api = api
    this.memory = memory
    this.exclusive = exclusive
  }

  async add(fix: Fix): Promise<void> {
    await this.memory.run('fixes', 'readwrite', (fixes) => fixes.add({ ...fix }))
    const surplus = (await this.count()) - MOST_KEPT
    if (surplus > 0) await this.drop(await this.oldest(surplus))
  }

  count(): Promise<number> {
    return this.memory.run('fixes', 'readonly', (fixes) => fixes.count())
  }

  async clear(): Promise<void> {
    await this.memory.run('fixes', 'readwrite', (fixes) => fixes.clear())
  }

  /**
   * Send everything that waits, batch by batch. Without an answer the rest stays and `Unreachable` is thrown; what the
   * server refuses is dropped, for it has said that it will never want it.
   */
  send(): Promise<Sent> {
    return this.exclusive(async () => {
      const sent: Sent = { accepted: 0, refused: 0, why: null }
      for (;;) {
        const keys = await this.oldest(BATCH)
        if (keys.length === 0) return sent
        const range = IDBKeyRange.bound(keys[0], keys.at(-1))
        const batch = (await this.memory.run('fixes', 'readonly', (fixes) => fixes.getAll(range))) as Fix[]
        await this.sendBatch(keys, batch, sent)
      }
    })
  }

  private async sendBatch(keys: IDBValidKey[], batch: Fix[], sent: Sent): Promise<void> {
    try {
      const { accepted, refused } = await this.api.sendFixes(batch)
      sent.accepted += accepted
      sent.refused += refused.length
      sent.why = refused.at(-1)?.reason ?? sent.why
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      // An ended session, a busy or a broken server: later it may well take them.
      if (error.status === 401 || error.status === 429 || error.status >= 500) throw new Unreachable(error)
      sent.refused += batch.length
      sent.why = error.detail
    }
    await this.drop(keys)
  }

  private oldest(count: number): Promise<IDBValidKey[]> {
    return this.memory.run('fixes', 'readonly', (fixes) => fixes.getAllKeys(null, count))
  }

  private async drop(keys: IDBValidKey[]): Promise<void> {
    if (keys.length === 0) return
    const range = IDBKeyRange.bound(keys[0], keys.at(-1))
    await this.memory.run('fixes', 'readwrite', (fixes) => fixes.delete(range))
  }
}
