/** An event of the log in words: what happened, and what was said on the occasion. */
import { useI18n } from 'vue-i18n'
import type { TimelineEvent } from '@/api'
import { UNDONE } from '@/stores/undo'

export function useEventWords() {
  const { t, te } = useI18n()

  function headline({ kind, data }: Pick<TimelineEvent, 'kind' | 'data'>): string {
    const key = `event.${kind.replace('.', '_')}`
    return te(key) ? t(key, { name: String(data.officer_name ?? data.seat_name ?? '') }) : kind
  }

  /** What was said or written, if anything. */
  function words({ kind, data }: Pick<TimelineEvent, 'kind' | 'data'>): string {
    const text =
      kind === 'alert.closed' ? data.close_note
      : kind === 'assignment.declined' ? (data.decline_reason === 'timeout' ? t('desk.timeoutReason') : data.decline_reason)
      : kind === 'assignment.cancelled' ? (data.cancel_reason === UNDONE ? t('sent.undone') : data.cancel_reason)
      : kind === 'assignment.finished' ? data.report
      : kind === 'assignment.offered' ? [data.note, data.override_reason].filter(Boolean).join(' · ')
      : kind === 'recording.finished' || kind === 'room.recording_stopped' ? whyStopped(data.why)
      : kind === 'recording.held' ? data.hold_reason
      : null
    return typeof text === 'string' ? text : ''
  }

  function whyStopped(why: unknown): string | null {
    const key = `recordingEnd.${String(why)}`
    return te(key) ? t(key) : null
  }

  return { headline, words }
}
