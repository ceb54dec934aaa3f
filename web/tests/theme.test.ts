// @vitest-environment jsdom
import { readFileSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { setThemeFollowsDevice, THEMES, type Theme, useTheme } from '@/ui/useTheme'

const STYLES = readFileSync('src/ui/theme.css', 'utf8')

/** The variables of a theme: the day's stand on top of those of the dark. */
function variables(theme: Theme): Map<string, string> {
  const block = (selector: string) => {
    const start = STYLES.indexOf(`${selector} {`)
    return [...STYLES.slice(start, STYLES.indexOf('\n}', start)).matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(
      ([, name, value]) => [name!, value!] as const,
    )
  }
  return new Map([...block(':root'), ...(theme === 'light' ? block(":root[data-theme='light']") : [])])
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** WCAG's contrast of two opaque colours, 1 to 21. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

const TEXTS = ['text', 'muted', 'faint', 'accent', 'good', 'busy', 'stale', 'bad', 'level-1', 'level-2', 'level-3', 'level-4']
const GROUNDS = ['ground', 'panel', 'panel-raised']
const FILLED = [
  ['accent-text', 'accent'],
  ['good-text', 'good'],
  ['bad-text', 'bad'],
  ...[1, 2, 3, 4].map((level) => ['level-text', `level-${level}`]),
] as const

test.each(THEMES)('every text of the %s theme is legible on every ground (WCAG AA)', (theme) => {
  const colours = variables(theme)
  const pairs = [...TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)), ...FILLED]
  const weak = pairs
    .map(([text, ground]) => ({ text, ground, ratio: contrast(colours.get(`--${text}`)!, colours.get(`--${ground}`)!) }))
    .filter(({ ratio }) => !(ratio >= 4.5))
  expect(weak).toEqual([])
})

test('the contrast is that of the standard', () => {
  expect(contrast('#ffffff', '#000000')).toBeCloseTo(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})

const { theme, setTheme, toggleTheme } = useTheme()

beforeEach(() => setTheme(null))

test('a wall is dark until somebody chooses, and the device remembers the choice', () => {
  expect(theme.value).toBe('dark')
  toggleTheme()
  expect(theme.value).toBe('light')
  expect(document.documentElement.dataset.theme).toBe('light')
  expect(localStorage.getItem('onemap.theme')).toBe('light')
})

test('all tabs of a device look the same', () => {
  localStorage.setItem('onemap.theme', 'light')
  window.dispatchEvent(new StorageEvent('storage', { key: 'onemap.theme' }))
  expect(theme.value).toBe('light')
})

test('a text of somebody else under our name is no theme', () => {
  localStorage.setItem('onemap.theme', 'pink')
  window.dispatchEvent(new StorageEvent('storage', { key: 'onemap.theme' }))
  expect(theme.value).toBe('dark')
})

test('a choice holds on a page that would follow the device', () => {
  setTheme('dark')
  setThemeFollowsDevice(true)
  expect(theme.value).toBe('dark')
  setThemeFollowsDevice(false)
})
