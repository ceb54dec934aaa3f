// @vitest-environment jsdom
import { afterEach, expect, test } from 'vitest'
import { setLocale } from '@/i18n'
import { useRoomName } from '@/screens/call/useRoomName'
import { type App, mount } from './mounting'

let app: App | null = null
afterEach(() => {
  app?.unmount()
  setLocale('zh-CN')
})
const PLACE = { kind: 'conference', title: '奎文区', alert_id: null, audio_group: false } as const

test('a room without an alert is called by its kind, in the language of the page, and its place', () => {
  const [made, nameOf] = mount(() => useRoomName())
  app = made
  expect(nameOf(PLACE)).toBe('视频会议 · 奎文区')
  setLocale('en')
  expect(nameOf(PLACE)).toBe('Conference · 奎文区')
  expect(nameOf({ ...PLACE, audio_group: true })).toBe('Push-to-talk group · 奎文区')
})

test('a room of an alert is called as the alert is', () => {
  const [made, nameOf] = mount(() => useRoomName())
  app = made
  expect(nameOf({ ...PLACE, kind: 'dispatch', title: '居民反映河水发黑', alert_id: 7 })).toBe('居民反映河水发黑')
})
