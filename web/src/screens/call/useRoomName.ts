/** What a room is called: by its alert, or by its kind in the page's language and the place (or words) of its own. */
import { useI18n } from 'vue-i18n'
import type { RoomFacts } from '@/api'

export type Named = Pick<RoomFacts, 'kind' | 'title' | 'alert_id' | 'audio_group'>

export function useRoomName() {
  const { t } = useI18n()
  return ({ kind, title, alert_id, audio_group }: Named): string =>
    alert_id === null ? [t(`call.kindOf.${audio_group ? 'group' : kind}`), title].join(' · ') : title
}
