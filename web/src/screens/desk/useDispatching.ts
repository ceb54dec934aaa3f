/** What a dispatcher does with an alert, and what the screen says when somebody else was quicker. */
import { type Ref, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiProblem, type Alert, type Assignment, type Responder } from '@/api'
import { useFormat } from '@/i18n/format'
import { useAlerts } from '@/stores/alerts'
import { useNotices } from '@/stores/notices'
import { useResponders } from '@/stores/responders'
import { useUndo } from '@/stores/undo'

export function useDispatching(opened: Readonly<Ref<Alert | null>>, rank: () => void) {
  const { t } = useI18n()
  const { problem } = useFormat()
  const alerts = useAlerts()
  const notices = useNotices()
  const responders = useResponders()
  const undo = useUndo()

  /** The officer whose sending waits for the second click. */
  const pending = ref<number | null>(null)
  const sending = ref(false)

  /** A refused change usually means that someone else was quicker: show their state, then say so. */
  async function sayRefusal(alert: Alert, error: unknown): Promise<void> {
    const taken = error instanceof ApiProblem && error.status === 409
    notices.say('bad', taken ? t('desk.conflict', { detail: problem(error) }) : problem(error))
    if (taken) {
      await alerts.refresh(alert.id).catch(() => undefined) // the feed brings it as well
      rank()
    }
  }

  async function acknowledge(alert: Alert): Promise<void> {
    try {
      await alerts.acknowledge(alert)
    } catch (error) {
      await sayRefusal(alert, error)
    }
  }

  async function send(responder: Responder, note: string, reason: string): Promise<void> {
    const alert = opened.value
    if (!alert || sending.value) return
    sending.value = true
    try {
      const calls = await alerts.assign(alert, {
        officer_ids: [responder.officer_id],
        note,
        ...responders.range,
        seen: responders.list.map(({ officer_id, travel_time_s }) => ({ officer_id, travel_time_s })),
        ...(reason ? { override_reason: reason } : {}),
      })
      undo.offer(calls)
      pending.value = null
      rank()
    } catch (error) {
      // Somebody else became the fastest meanwhile: the question why stays open, above the fresh list.
      if (error instanceof ApiProblem && error.status === 422) rank()
      else pending.value = null
      await sayRefusal(alert, error)
    } finally {
      sending.value = false
    }
  }

  async function takeBack(): Promise<void> {
    const names = (calls: readonly Assignment[]) => calls.map(({ officer_name }) => officer_name).join(t('app.listComma'))
    const calls = undo.offered
    if (calls.length === 0) return
    try {
      const kept = await undo.undo()
      const undone = calls.filter((one) => !kept.includes(one))
      if (undone.length > 0) notices.say('good', t('sent.undoDone', { names: names(undone) }))
      if (kept.length > 0) notices.say('bad', t('sent.undoLate', { names: names(kept) }))
    } catch (error) {
      notices.say('bad', problem(error))
    }
    rank()
  }

  return { pending, sending, acknowledge, send, takeBack, sayRefusal }
}
