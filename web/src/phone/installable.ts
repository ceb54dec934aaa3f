/** Only the phone's page can be installed as an app: its manifest stands in the page while that page is open. */
import { onScopeDispose } from 'vue'

const LINKS = [
  { rel: 'manifest', href: '/manifest.webmanifest' },
  { rel: 'apple-touch-icon', href: '/icons/apple-touch-180.png' },
] as const

export function useInstallable(head: HTMLHeadElement = document.head): void {
  const added = LINKS.map(({ rel, href }) => {
    const link = document.createElement('link')
    link.rel = rel
    link.href = href
    head.append(link)
    return link
  })
  onScopeDispose(() => added.forEach((link) => link.remove()))
}
