/**
 * Loads the page anew after a deploy: a wall that nobody touches for a month must not run last month's program.
 *
 * The server's own page names the program by its hash; another hash than that of this page is another program.
 */
import { onBeforeUnmount, onMounted } from 'vue'

const ASK_EVERY_MS = 60_000

export interface Pages {
  /** The server's page as it is now. */
  fetchPage: () => Promise<string>
  /** Address of the program that runs here. */
  ownScript: () => string | null
  reload: () => void
}

const BROWSER: Pages = {
  fetchPage: async () => {
    const response = await fetch('/', { cache: 'no-store' })
    return response.ok ? response.text() : ''
  },
  ownScript: () => document.querySelector('script[type=module][src]')?.getAttribute('src') ?? null,
  reload: () => location.reload(),
}

/** `mayReload` is asked before each try: nothing is taken off the screen that somebody looks at. */
export function useFreshPages(mayReload: () => boolean, { fetchPage, ownScript, reload }: Pages = BROWSER): void {
  let timer: number | undefined

  async function ask(): Promise<void> {
    const own = ownScript()
    if (own === null || !mayReload()) return
    const page = await fetchPage().catch(() => '') // a server that restarts: next time
    // A page without any program is not ours, e.g. a proxy's notice.
    if (page.includes('type="module"') && !page.includes(`"${own}"`) && mayReload()) reload()
  }

  onMounted(() => (timer = window.setInterval(() => void ask(), ASK_EVERY_MS)))
  onBeforeUnmount(() => window.clearInterval(timer))
}
