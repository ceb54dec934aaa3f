/** Who is signed in, and whether the records are the demonstration's. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { type Session, useApi, type User } from '@/api'

const HOMES: Record<string, string> = { officer: '/field', planner: '/plan' }

export const useSession = defineStore('session', () => {
  const api = useApi()
  const user = ref<User | null>(null)
  const demo = ref(false)
  /** False until the server was asked once. */
  const known = ref(false)

  function take(session: Session): void {
    user.value = session.user
    demo.value = session.demo
    known.value = true
  }

  /** Ask the server who we are; being nobody is an answer, not an error. */
  async function load(): Promise<void> {
    take(await api.session())
  }

  /** Who was here last, on a page that opens without a network; the server is still to be asked. */
  function assume(last: User, wasDemo: boolean): void {
    user.value = last
    demo.value = wasDemo
  }

  async function signIn(username: string, password: string): Promise<void> {
    take(await api.signIn(username, password))
  }

  async function signOut(): Promise<void> {
    await api.signOut()
    forget()
  }

  /** The feed or a request told us that the session has ended. */
  function forget(): void {
    user.value = null
  }

  /** The page this person works on. */
  const home = computed(() => HOMES[user.value?.role ?? ''] ?? '/desk')
  const mayDispatch = computed(() => ['duty', 'dispatcher'].includes(user.value?.role ?? ''))
  /** Who may see the ranking, sending or not. */
  const mayRank = computed(() => mayDispatch.value || user.value?.role === 'admin')

  const mayPlan = computed(() => ['planner', 'duty', 'dispatcher', 'admin'].includes(user.value?.role ?? ''))

  /** Who may see at which speeds the ranking drives; they hold on all roads, so the province's administrator sets them. */
  const seesSpeeds = computed(() => ['admin', 'planner'].includes(user.value?.role ?? ''))
  const setsSpeeds = computed(() => user.value?.role === 'admin' && user.value.region.length <= 2)

  return { user, demo, known, home, mayDispatch, mayRank, mayPlan, seesSpeeds, setsSpeeds, load, assume, signIn, signOut, forget }
})
