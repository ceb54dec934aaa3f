// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test } from 'vitest'
import { useAlarm } from '@/ui/useAlarm'
import { type App, mount } from './mounting'

let heard: string[]
let app: App | null
const sound = { allow: () => void heard.push('allow'), play: () => void heard.push('play') }

beforeEach(() => {
  localStorage.clear()
  heard = []
  app = null
})
afterEach(() => app?.unmount())

function alarm() {
  const [made, result] = mount(() => useAlarm(sound))
  app = made
  return result
}

test('a wall is silent until somebody turns the sound on', () => {
  const wall = alarm()
  wall.play()
  expect(heard).toEqual([])
  wall.toggle()
  wall.play()
  expect(heard).toEqual(['allow', 'play', 'play'])
})

test('muted, it stays silent', () => {
  const wall = alarm()
  wall.toggle()
  wall.toggle()
  heard = []
  wall.play()
  expect(heard).toEqual([])
  expect(wall.on.value).toBe(false)
})

test('the choice of yesterday waits for a touch', () => {
  localStorage.setItem('onemap.wallSound', 'on')
  const wall = alarm()
  wall.play()
  expect(heard).toEqual([])
  window.dispatchEvent(new Event('pointerdown'))
  wall.play()
  expect(heard).toEqual(['allow', 'play'])
})
