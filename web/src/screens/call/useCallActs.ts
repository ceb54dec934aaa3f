/** What a person does in a call, each with words when it did not work. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { useFormat } from '@/i18n/format'
import { useCalls } from '@/stores/calls'
import { useNotices } from '@/stores/notices'
import { useOwnMedia } from '@/stores/ownMedia'
import { pictureOfVideo } from './pictureOfVideo'

export function useCallActs() {
  const { t } = useI18n()
  const { problem } = useFormat()
  const calls = useCalls()
  const media = useOwnMedia()
  const notices = useNotices()

  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      notices.say('bad', problem(error))
      return false
    }
  }

  const mayControl = computed(() => calls.may('mute') || calls.may('remove'))

  async function keepPicture(seat: number, video: HTMLVideoElement | null): Promise<void> {
    if (!video) return
    if (await attempt(async () => calls.snapshot(seat, await pictureOfVideo(video)))) notices.say('good', t('call.snapshotKept'))
  }

  const toggleMic = () => media.setMic(!media.micOn)
  const toggleCamera = () => media.setCamera(!media.cameraOn)
  const toggleHand = () => attempt(() => calls.raiseHand(!calls.me?.hand_raised_at))
  const turn = () => attempt(() => calls.turnCamera())
  const torch = () => attempt(() => media.setTorch(!media.torchOn))
  const leave = () => attempt(() => calls.leave())

  return { attempt, mayControl, keepPicture, toggleMic, toggleCamera, toggleHand, turn, torch, leave }
}
