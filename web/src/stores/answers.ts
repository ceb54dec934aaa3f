/** Answers of the server by key: the newest of each, when it came, and what went wrong since. Never more than `most`. */
import { shallowReactive } from 'vue'

export interface Answer<Value> {
  readonly value: Value | null
  /** When `value` came (milliseconds). */
  readonly at: number | null
  /** Why the last question had no answer; the value is that of before. */
  readonly error: unknown
}

const NONE: Answer<never> = { value: null, at: null, error: null }

export interface Answers<Value> {
  get: (key: string) => Answer<Value>
  /** Ask again. Two who ask at once share one question. */
  ask: (key: string) => Promise<void>
  /** Ask unless there is an answer that is younger than `maxAgeMs`. */
  askIfOlder: (key: string, maxAgeMs: number) => Promise<void>
}

export function useAnswers<Value>(question: (key: string) => Promise<Value>, most = 64): Answers<Value> {
  const known = shallowReactive(new Map<string, Answer<Value>>())
  const asking = new Map<string, Promise<void>>()

  const get = (key: string): Answer<Value> => known.get(key) ?? NONE

  function keep(key: string, answer: Answer<Value>): void {
    known.delete(key) // a key that is asked again is the newest again
    known.set(key, answer)
    for (const oldest of known.keys()) {
      if (known.size <= most) break
      known.delete(oldest)
    }
  }

  async function answered(key: string): Promise<void> {
    try {
      keep(key, { value: await question(key), at: Date.now(), error: null })
    } catch (error) {
      keep(key, { ...get(key), error })
    } finally {
      asking.delete(key)
    }
  }

  function ask(key: string): Promise<void> {
    const running = asking.get(key) ?? answered(key)
    asking.set(key, running)
    return running
  }

  async function askIfOlder(key: string, maxAgeMs: number): Promise<void> {
    const { at, error } = get(key)
    if (at === null || error !== null || Date.now() - at > maxAgeMs) await ask(key)
  }

  return { get, ask, askIfOlder }
}
