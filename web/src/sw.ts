/// <reference lib="webworker" />
/**
 * Lets the phone's page open without any network. Its scope is /field: wall and desk never meet it.
 *
 * Pages and fonts are kept by their hash. Of the server's answers only the ground of the map is kept, asked for anew
 * whenever there is a network; everything else that the server says is the page's own business (`phone/lastKnown`).
 */
import { ExpirationPlugin } from 'workbox-expiration'
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'
import { CacheFirst, NetworkFirst } from 'workbox-strategies'

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] }

const PAGE = '/field'
const GROUND = 'onemap-ground'

precacheAndRoute(self.__WB_MANIFEST)
cleanupOutdatedCaches()
registerRoute(new NavigationRoute(createHandlerBoundToURL(PAGE), { allowlist: [/^\/field(?:[/?#]|$)/] }))
// What is not in the list of pages, such as rare letters: its name carries a hash, so what was seen once stays right.
registerRoute(({ url, sameOrigin }) => sameOrigin && url.pathname.startsWith('/assets/'), new CacheFirst({ cacheName: 'onemap-assets' }))
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && /^\/(?:tiles\/roads\/|api\/regions|api\/layers$)/.test(url.pathname),
  new NetworkFirst({
    cacheName: GROUND,
    networkTimeoutSeconds: 5,
    plugins: [new ExpirationPlugin({ maxEntries: 400, purgeOnQuotaError: true })],
  }),
)

// A new version waits until the page says that it is a safe moment.
self.addEventListener('message', ({ data }) => {
  if ((data as { type?: string } | null)?.type === 'SKIP_WAITING') void self.skipWaiting()
})
// The page that installed us is ours at once, so that its next opening needs no network.
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(showPage())
})

async function showPage(): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window' })
  const open = pages.find(({ url }) => new URL(url).pathname === PAGE)
  await (open ? open.focus() : self.clients.openWindow(PAGE))
}
