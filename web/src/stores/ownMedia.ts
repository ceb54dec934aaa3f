/** Our own camera and microphone during a call, and what is wrong with them in words a page can say. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import {
  type Captured, capture, type Facing, hasTorch, lightTorch, otherCamera, release, tracksOf, troubleOf, type Wish,
} from '@/call/devices'

export const useOwnMedia = defineStore('ownMedia', () => {
  const captured = shallowRef<Captured | null>(null)
  /** The browser is asking the person, or opening the devices. */
  const asking = ref(false)
  const micOn = ref(true)
  const cameraOn = ref(true)
  const facing = ref<Facing>('user')
  const torchOn = ref(false)
  const canTorch = ref(false)
  const trouble = computed(() => captured.value?.trouble ?? { audio: null, video: null })
  /** In the order in which a leg offers them. */
  const tracks = computed(() => (captured.value ? tracksOf(captured.value) : []))
  const hasAudio = computed(() => captured.value?.audio != null)
  const hasVideo = computed(() => captured.value?.video != null)
  /** A device that has no second camera has nothing to switch to. */
  const canSwitch = ref(false)
  let wanted = 0

  async function open(wish: Wish): Promise<Captured | null> {
    const asked = ++wanted
    asking.value = true
    facing.value = wish.facing
    const found = await capture(wish)
    if (asked !== wanted) {
      release(found) // given up, or asked for anew, while the browser was asking
      return captured.value
    }
    asking.value = false
    release(captured.value)
    captured.value = found
    torchOn.value = false
    apply()
    void countCameras()
    return found
  }

  function close(): void {
    wanted += 1
    asking.value = false
    release(captured.value)
    captured.value = null
    micOn.value = cameraOn.value = true
    torchOn.value = canTorch.value = false
  }

  async function countCameras(): Promise<void> {
    const all = (await navigator.mediaDevices?.enumerateDevices?.().catch(() => [])) ?? []
    canSwitch.value = all.filter(({ kind }) => kind === 'videoinput').length > 1
  }

  /** What is switched off is still sent, as silence and black: switching on again needs no new connection. */
  function apply(): void {
    const { audio, video } = captured.value ?? { audio: null, video: null }
    if (audio) audio.enabled = micOn.value
    if (video) video.enabled = cameraOn.value
    canTorch.value = hasTorch(video)
  }

  function setMic(on: boolean): void {
    micOn.value = on
    apply()
  }

  function setCamera(on: boolean): void {
    cameraOn.value = on
    apply()
  }

  /** The camera at the other side of the phone; the track to send in the place of the old one, or null. */
  async function turn(): Promise<MediaStreamTrack | null> {
    const present = captured.value?.video
    if (!captured.value || !present) return null
    const back = facing.value
    const next: Facing = back === 'user' ? 'environment' : 'user'
    for (const wish of [next, back]) {
      try {
        const track = await otherCamera(present, wish)
        facing.value = wish
        torchOn.value = false
        captured.value = { ...captured.value, video: track }
        apply()
        return track
      } catch (error) {
        captured.value = { ...captured.value, trouble: { ...captured.value.trouble, video: troubleOf(error) } }
      }
    }
    return null
  }

  async function setTorch(on: boolean): Promise<void> {
    const track = captured.value?.video
    if (!track) return
    await lightTorch(track, on)
    torchOn.value = on
  }

  return {
    captured, asking, micOn, cameraOn, facing, torchOn, canTorch, canSwitch, trouble, tracks, hasAudio, hasVideo,
    open, close, setMic, setCamera, turn, setTorch,
  }
})
