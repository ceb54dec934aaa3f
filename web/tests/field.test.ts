// @vitest-environment jsdom
import { IDBFactory } from 'fake-indexeddb'
import { createPinia, setActivePinia } from 'pinia'
import { createApp } from 'vue'
import { beforeEach, expect, test } from 'vitest'
import { Api, apiKey, type Assignment, Client } from '@/api'
import { Memory, phoneKey } from '@/phone/memory'
import { useField } from '@/stores/field'
import { useSession } from '@/stores/session'
import { anAssignment } from './fakes'

/** What the server answers to a question; the test decides when. */
type Pending = { path: string; answer: (body: unknown) => void }

let asked: Pending[]
const officer = (version: number, onDuty = true) => ({ id: 4, name: 'Wang', on_duty: onDuty, duty_until: null, version })
const reported = anAssignment({ state: 'finished', version: 5 })

const settled = () => new Promise((resolve) => setTimeout(resolve))

/** Answer the two questions of a loading page: who I am, and what I was sent to. */
async function answer([me, mine]: Pending[], who: object, sentTo: Assignment): Promise<void> {
  me!.answer(who)
  mine!.answer({ items: [sentTo], next: null })
  await settled()
}

beforeEach(() => {
  asked = []
  const client = new Client((path) => new Promise((resolve) => {
    asked.push({ path, answer: (body) => resolve(new Response(JSON.stringify(body))) })
  }))
  const pinia = createPinia()
  const phone = { memory: new Memory(new IDBFactory()), locks: undefined }
  createApp({ render: () => null }).provide(apiKey, new Api(client)).provide(phoneKey, phone).use(pinia)
  setActivePinia(pinia)
  const user = { username: 'o', display_name: 'Wang', role: 'officer', region: '370705', region_name: '', officer_id: 4 } as const
  Object.assign(useSession(), { user, known: true })
})

test('an answer that was true before the report arrived does not bring the task back', async () => {
  const field = useField()
  const loading = field.load()
  field.apply(anAssignment({ state: 'arrived', version: 4 }))
  field.apply(reported) // this tab or another has sent it while the server answered
  await answer(asked, officer(1), anAssignment({ state: 'arrived', version: 4 }))
  await loading
  expect(field.assignments).toMatchObject([{ state: 'finished', version: 5 }])
  expect(field.current).toBeNull()
})

test('the answer to a link that was given up does not undo what its successor has brought', async () => {
  const field = useField()
  const first = field.load()
  const second = field.load()
  const [early, late] = [asked.slice(0, 2), asked.slice(2)]
  await answer(late, officer(2, false), reported)
  await answer(early, officer(1, true), anAssignment({ state: 'arrived', version: 4 }))
  await Promise.all([first, second])
  expect(field.current).toBeNull()
  expect(field.onDuty).toBe(false)
})

test('what the server knows better is taken', async () => {
  const field = useField()
  field.apply(anAssignment({ state: 'arrived', version: 4 }))
  const loading = field.load()
  await answer(asked, officer(1), anAssignment({ state: 'cancelled', version: 5, cancel_reason: 'over' }))
  await loading
  expect(field.current).toBeNull()
  expect(field.ended).toMatchObject({ cancel_reason: 'over' })
})
