/** What the phone knew when it last spoke with the server, so that the page says something without a network. */
import type { Assignment, Officer, Route, User } from '@/api'
import type { Memory } from './memory'

export interface LastKnown {
  /** When it was true, in milliseconds. */
  at: number
  user: User
  demo: boolean
  me: Officer
  assignments: Assignment[]
  /** The way to the place of the assignment in hand. */
  route: { assignmentId: number; route: Route } | null
}

const KEY = 'last'

/** Null when nothing was kept, or the phone has no memory to read. */
export async function recall(memory: Memory): Promise<LastKnown | null> {
  try {
    return ((await memory.run('known', 'readonly', (known) => known.get(KEY))) as LastKnown | undefined) ?? null
  } catch {
    return null
  }
}

export async function remember(memory: Memory, known: LastKnown): Promise<void> {
  // Reactive objects cannot be cloned into the database; these are plain JSON.
  const plain = JSON.parse(JSON.stringify(known)) as LastKnown
  await memory.run('known', 'readwrite', (store) => store.put(plain, KEY))
}

/** Whoever signs out leaves nothing to read behind; reports that are not delivered yet stay. */
export async function forget(memory: Memory): Promise<void> {
  await memory.run('known', 'readwrite', (known) => known.clear())
  await memory.run('fixes', 'readwrite', (fixes) => fixes.clear())
}
