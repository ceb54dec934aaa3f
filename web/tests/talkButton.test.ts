// @vitest-environment jsdom
import { createPinia, setActivePinia } from 'pinia'
import { type App, createApp, nextTick } from 'vue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { apiKey, type Room } from '@/api'
import { i18n } from '@/i18n'
import TalkButton from '@/screens/call/TalkButton.vue'
import { useCalls } from '@/stores/calls'
import { useOwnMedia } from '@/stores/ownMedia'
import { aRoom, aSeat } from './callFakes'
import { aServer } from './fakes'

const ME = aSeat({ id: 1 })
const OTHER = aSeat({ id: 2, name: 'Wang' })
const group = (speaker_id: number | null): Room => aRoom([ME, OTHER], { audio_group: true, speaker_id })

let app: App
let calls: ReturnType<typeof useCalls>
let media: ReturnType<typeof useOwnMedia>
let button: HTMLButtonElement
/** What the server was asked, and the answers that are still awaited. */
let asked: boolean[]
let answers: (() => void)[]

beforeEach(() => {
  vi.useFakeTimers()
  ;[asked, answers] = [[], []]
  const pinia = createPinia()
  const at = document.createElement('div')
  const { api } = aServer(() => ({}))
  api.rooms.talk = (_, on) => {
    asked.push(on)
    return new Promise((answer) => answers.push(() => answer(group(on ? ME.id : null))))
  }
  app = createApp(TalkButton).provide(apiKey, api).use(pinia).use(i18n)
  app.runWithContext(() => {
    setActivePinia(pinia)
    calls = useCalls()
    media = useOwnMedia()
  })
  calls.room = group(null)
  const track = { enabled: true, kind: 'audio', stop: () => undefined } as unknown as MediaStreamTrack
  media.captured = { audio: track, video: null, trouble: { audio: null, video: null } }
  app.mount(at)
  button = at.querySelector('button')!
})
afterEach(() => {
  app.unmount()
  vi.useRealTimers()
})

const pressed = () => button.getAttribute('aria-pressed') === 'true'
async function tell(event: string): Promise<void> {
  button.dispatchEvent(new Event(event))
  await vi.advanceTimersByTimeAsync(0)
}
async function answer(): Promise<void> {
  answers.shift()!()
  await vi.advanceTimersByTimeAsync(0)
}

test('who has not pressed is not heard; who holds it is, and no longer', async () => {
  expect(media.micOn).toBe(false)
  await tell('pointerdown')
  await answer()
  expect([media.micOn, pressed()]).toEqual([true, true])
  await tell('pointerup')
  expect([media.micOn, pressed()]).toEqual([false, false])
})

test('a release waits until the press was answered: the word is not kept by one who has let go', async () => {
  await tell('pointerdown')
  await tell('pointerup')
  expect(media.micOn).toBe(false)
  expect(asked).toEqual([true])
  await answer()
  expect(asked).toEqual([true, false])
})

test('what is pressed counts no more when somebody else was given the word', async () => {
  await tell('pointerdown')
  await answer()
  calls.take(group(OTHER.id))
  await vi.advanceTimersByTimeAsync(1000)
  expect([media.micOn, pressed()]).toEqual([false, false])
  expect(button.disabled).toBe(true)
  expect(button.textContent).toContain('Wang')
})

test('nor when nobody has it any more, e.g. because we were away for a moment', async () => {
  await tell('pointerdown')
  await answer()
  calls.take(group(null))
  await vi.advanceTimersByTimeAsync(1000)
  expect([media.micOn, pressed()]).toEqual([false, false])
})

test('a room of a moment ago, told late, takes the word from nobody', async () => {
  await tell('pointerdown')
  await answer()
  calls.take(group(null))
  await nextTick()
  calls.take(group(ME.id))
  await vi.advanceTimersByTimeAsync(1000)
  expect([media.micOn, pressed()]).toEqual([true, true])
})
