/** Addresses of the pages. Each is a chunk of its own: the phone does not load the charts. */
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { useSession } from '@/stores/session'
import { wantedPath } from '@/stores/wantedPath'

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: () => useSession().home },
  { path: '/login', component: () => import('@/screens/LoginScreen.vue'), meta: { open: true, screen: 'login' } },
  { path: '/desk', component: () => import('@/screens/DeskScreen.vue'), meta: { screen: 'desk' } },
  { path: '/plan', component: () => import('@/screens/PlanScreen.vue'), meta: { screen: 'plan' } },
  { path: '/wall', component: () => import('@/screens/WallScreen.vue'), meta: { screen: 'wall' } },
  { path: '/field', component: () => import('@/screens/FieldScreen.vue'), meta: { screen: 'field' } },
  // Experts come by a link and have no account: the page itself says what is missing.
  { path: '/room/:id(\\d+)', component: () => import('@/screens/RoomScreen.vue'), meta: { open: true, screen: 'room' } },
  { path: '/:rest(.*)*', component: () => import('@/screens/NotFoundScreen.vue'), meta: { open: true, screen: 'none' } },
]

export function makeRouter() {
  const router = createRouter({ history: createWebHistory(), routes })

  router.beforeEach(async (to) => {
    const session = useSession()
    if (!session.known) {
      // Without an answer the page is shown all the same; it says itself that the server is gone.
      await session.load().catch(() => undefined)
    }
    if (session.known && !session.user && !to.meta.open) return { path: '/login', query: { next: to.fullPath } }
    if (session.known && session.user && to.path === '/login') return wantedPath(to.query.next, session.home)
    return true
  })
  router.afterEach((to) => {
    document.documentElement.dataset.screen = String(to.meta.screen ?? '')
  })
  return router
}
