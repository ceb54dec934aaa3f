// @vitest-environment jsdom
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { expect, test } from 'vitest'
import { apiKey } from '@/api'
import { i18n } from '@/i18n'
import HoursPanel from '@/screens/wall/HoursPanel.vue'
import { aServer } from './fakes'

const NONE = { pollution_source: [0], environment_quality: [0], task: [0], manual: [0] }

function words(counts: object | null): string {
  const at = document.createElement('div')
  const freshness = { at: null, stopped: counts === null, silent: [] }
  const app = createApp(HoursPanel, { counts, kinds: Object.keys(NONE), now: 0, freshness })
  app.provide(apiKey, aServer(() => ({})).api).use(createPinia()).use(i18n).mount(at)
  const said = at.querySelector('.empty')?.textContent ?? ''
  app.unmount()
  return said
}

test('a day that is not known yet is not a day without alerts', () => {
  const { t } = i18n.global
  expect(words(NONE)).toContain(t('wall.lastDayNone'))
  expect(words(null)).toBe(t('wall.waiting'))
})
