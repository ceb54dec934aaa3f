/**
 * Dark or day: one choice a device, for pages, charts and maps alike; `data-theme` on the root carries it to the styles.
 *
 * Until somebody chooses, rooms with a wall or a desk are dark, and a phone looks as its device does.
 */
import { computed, type ComputedRef, ref, watch } from 'vue'

export const THEMES = ['dark', 'light'] as const
export type Theme = (typeof THEMES)[number]

const CHOICE = 'onemap.theme'

const choice = ref<Theme | null>(remembered())
const followsDevice = ref(false)
const device = window.matchMedia?.('(prefers-color-scheme: light)')
const deviceIsLight = ref(device?.matches ?? false)
device?.addEventListener('change', ({ matches }) => (deviceIsLight.value = matches))
window.addEventListener('storage', ({ key }) => {
  if (key === CHOICE) choice.value = remembered() // changed in another tab of the device
})

const theme = computed<Theme>(() => choice.value ?? (followsDevice.value && deviceIsLight.value ? 'light' : 'dark'))
// Before anybody draws: charts read their colours from the styles of the root.
watch(theme, (now) => (document.documentElement.dataset.theme = now), { immediate: true, flush: 'sync' })

/** The theme of this device, and how to change it. */
export function useTheme(): {
  theme: ComputedRef<Theme>
  /** What somebody chose; null while nobody has. */
  chosen: ComputedRef<Theme | null>
  setTheme: (next: Theme | null) => void
  toggleTheme: () => void
} {
  return { theme, chosen: computed(() => choice.value), setTheme, toggleTheme: () => setTheme(theme.value === 'dark' ? 'light' : 'dark') }
}

/** Keep the choice on this device; null forgets it. */
function setTheme(next: Theme | null): void {
  choice.value = next
  if (next) localStorage.setItem(CHOICE, next)
  else localStorage.removeItem(CHOICE)
}

/** Say what kind of page is open: a phone's follows its device until somebody has chosen. */
export function setThemeFollowsDevice(follows: boolean): void {
  followsDevice.value = follows
}

function remembered(): Theme | null {
  const stored = localStorage.getItem(CHOICE)
  return THEMES.find((known) => known === stored) ?? null
}
