import { expect, test } from 'vitest'

/** What each folder of `src/` may import from its siblings; the same table stands in the README. */
const MAY_USE: Record<string, string[]> = {
  api: [],
  call: ['api', 'live'],
  i18n: ['api'],
  live: ['api'],
  phone: ['api'],
  stores: ['api', 'call', 'live', 'phone'],
  ui: ['api', 'i18n', 'stores'],
  charts: ['api', 'i18n', 'ui'],
  map: ['api', 'i18n', 'stores', 'ui'],
  router: ['screens', 'stores'],
  screens: ['api', 'call', 'charts', 'i18n', 'map', 'phone', 'stores', 'ui'],
}

const sources = import.meta.glob('../src/*/**/*.{vue,ts}', { query: '?raw', import: 'default', eager: true }) as Record<string, string>

test('imports between the folders point downwards', () => {
  const wrong = Object.entries(sources).flatMap(([file, text]) => {
    const folder = file.split('/')[2]!
    const used = [...text.matchAll(/from '@\/(\w+)/g)].map(([, name]) => name!)
    return used.filter((name) => name !== folder && !MAY_USE[folder]!.includes(name)).map((name) => `${file} uses ${name}`)
  })
  expect(wrong).toEqual([])
})
