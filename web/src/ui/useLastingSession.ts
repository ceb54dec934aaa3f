/** Keeps the session of an unattended page open: one that asks who it is goes on. */
import { onBeforeUnmount, onMounted } from 'vue'
import { useSession } from '@/stores/session'

/** Often enough that a server away for a night is no reason to sign in again. */
const ASK_EVERY_MS = 30 * 60_000

export function useLastingSession(): void {
  const session = useSession()
  let timer: number | undefined
  onMounted(() => (timer = window.setInterval(() => void session.load().catch(() => undefined), ASK_EVERY_MS)))
  onBeforeUnmount(() => window.clearInterval(timer))
}
