/** The desk's way into a call: from an assignment, by one click or one key; later the same key enlarges it. */
import { ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Alert, Assignment, NewRoom } from '@/api'
import { useFormat } from '@/i18n/format'
import { isUnderWay } from '@/stores/alerts'
import { useCalls } from '@/stores/calls'
import { useNotices } from '@/stores/notices'
import { useRooms } from '@/stores/rooms'

/** One for all parts of the desk: whether the call has the whole screen. */
const large = ref(false)

export function useDeskCall() {
  const { t } = useI18n()
  const { problem } = useFormat()
  const calls = useCalls()
  const notices = useNotices()
  const rooms = useRooms()

  watch(() => calls.room === null, (isOver) => isOver && (large.value = false))

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      notices.say('bad', problem(error))
    }
  }

  /** Open a room and be in it. */
  const open = (room: NewRoom) => attempt(() => calls.open(room))

  /** See what this officer sees; into the alert's call, if there is one already. */
  async function callOfficer(alert: Alert, assignment: Assignment): Promise<void> {
    if (calls.room?.alert_id === alert.id) return
    await attempt(async () => {
      if (calls.room) await calls.leave()
      const going = rooms.byAlert.get(alert.id)
      const isIn = going?.seats.some(({ officer_id, state }) => officer_id === assignment.officer_id && state !== 'left' && state !== 'removed')
      if (going && isIn) await calls.join(going.id)
      else await calls.open({ kind: 'dispatch', alert_id: alert.id, assignment_id: assignment.id })
    })
  }

  /** The key: the first who is under way; in a call, larger or smaller. */
  function byKey(alert: Alert | null): boolean {
    if (calls.room) {
      large.value = !large.value
      return true
    }
    const first = alert?.assignments.find(isUnderWay)
    if (!alert || !first) return false
    void callOfficer(alert, first)
    return true
  }

  /** How the call ended is said once. */
  function sayWhenOver(): void {
    watch(() => calls.over, (over) => over && notices.say('info', t(`call.over.${over}`)))
  }

  return { large, open, callOfficer, byKey, sayWhenOver }
}
