import { describe, expect, test } from 'vitest'
import { en } from '@/i18n/en'
import { zhCN } from '@/i18n/zh-CN'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...flat(value, `${prefix}${key}.`)],
    ),
  )
}

const chinese = flat(zhCN)
const english = flat(en)
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

/** Every source file of the pages, as text; the types that are written from the server's words are none of theirs. */
const sources = import.meta.glob(['../src/**/*.{vue,ts}', '!../src/api/schema.d.ts'], { query: '?raw', import: 'default', eager: true }) as Record<string, string>

describe('both languages', () => {
  test('have the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  })

  test('fill in the same values', () => {
    for (const [key, text] of chinese) expect({ key, names: placeholders(english.get(key)!) }).toEqual({ key, names: placeholders(text) })
  })

  test('leave no Chinese in the English', () => {
    const allowed = new Set(['app.language'])
    expect([...english].filter(([key, text]) => !allowed.has(key) && /\p{Script=Han}/u.test(text))).toEqual([])
  })
})

test('every key that a page asks for by name exists', () => {
  const asked = Object.entries(sources).flatMap(([file, text]) =>
    [...text.matchAll(/\bt\('([\w.]+)'/g)].map(([, key]) => ({ file, key: key! })),
  )
  expect(asked.length).toBeGreaterThan(100)
  expect(asked.filter(({ key }) => !chinese.has(key))).toEqual([])
})

test('no page writes Chinese of its own', () => {
  const own = Object.entries(sources).filter(
    ([file, text]) => !file.includes('/i18n/') && !file.endsWith('DemoBanner.vue') && /\p{Script=Han}/u.test(text),
  )
  expect(own.map(([file]) => file)).toEqual([])
})
