/** Camera and microphone: asked for together, then apart; what is missing says why, and the call goes on without. */

export type Facing = 'user' | 'environment'

/** Why a device cannot be used. `denied`: by the person or a policy; `busy`: another program has it. */
export type Trouble = 'denied' | 'missing' | 'busy' | 'insecure' | 'unknown'

export interface Wish {
  audio: boolean
  video: boolean
  facing: Facing
}

export interface Captured {
  audio: MediaStreamTrack | null
  video: MediaStreamTrack | null
  trouble: { audio: Trouble | null; video: Trouble | null }
}

/** The part of `navigator.mediaDevices` that we use. */
export type Capture = Pick<MediaDevices, 'getUserMedia'> & Partial<Pick<MediaDevices, 'enumerateDevices'>>

/** Sound as people speak: no echo of the loudspeaker, no hiss of the road. */
const SOUND: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
/** The most that a room of two sends; more people get less, see `limit`. */
const picture = (facing: Facing): MediaTrackConstraints => ({
  width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15, max: 30 }, facingMode: { ideal: facing },
})

export function troubleOf(error: unknown): Trouble {
  const name = error instanceof DOMException || error instanceof Error ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy'
  return 'unknown'
}

/** Missing on a page that was not loaded securely. */
export const captureOf = (browser: Navigator = navigator): Capture | undefined => browser.mediaDevices as Capture | undefined

/** One question for both, so that the browser asks once; when that fails, each on its own. Never throws. */
export async function capture(wish: Wish, devices: Capture | undefined = captureOf()): Promise<Captured> {
  const nothing: Captured = { audio: null, video: null, trouble: { audio: null, video: null } }
  if (!wish.audio && !wish.video) return nothing
  if (!devices) return { ...nothing, trouble: { audio: wish.audio ? 'insecure' : null, video: wish.video ? 'insecure' : null } }
  if (wish.audio && wish.video) {
    try {
      const both = await devices.getUserMedia({ audio: SOUND, video: picture(wish.facing) })
      return { ...nothing, audio: both.getAudioTracks()[0] ?? null, video: both.getVideoTracks()[0] ?? null }
    } catch {
      // One of the two is refused or missing; which one shows when each is asked for alone.
    }
  }
  const captured: Captured = { ...nothing, trouble: { ...nothing.trouble } }
  if (wish.audio) {
    try {
      captured.audio = (await devices.getUserMedia({ audio: SOUND })).getAudioTracks()[0] ?? null
    } catch (error) {
      captured.trouble.audio = troubleOf(error)
    }
  }
  if (wish.video) {
    try {
      captured.video = (await devices.getUserMedia({ video: picture(wish.facing) })).getVideoTracks()[0] ?? null
    } catch (error) {
      captured.trouble.video = troubleOf(error)
    }
  }
  return captured
}

export const tracksOf = ({ audio, video }: Captured): MediaStreamTrack[] => [audio, video].filter((one) => one !== null)

export function release(captured: Captured | null): void {
  if (captured) for (const track of tracksOf(captured)) track.stop()
}

/** The other camera. A phone can open only one at a time: the present one is let go first. */
export async function otherCamera(present: MediaStreamTrack, facing: Facing, devices = captureOf()): Promise<MediaStreamTrack> {
  if (!devices) throw new Error('There is no camera on a page that was not loaded securely.')
  const before = cameraOf(present)
  present.stop()
  const open = async (video: MediaTrackConstraints) => (await devices.getUserMedia({ video })).getVideoTracks()[0]!
  const found = await open(picture(facing))
  if (before === undefined || cameraOf(found) !== before) return found
  // Cameras that look to no side, e.g. two at a desk: the next one.
  const cameras = ((await devices.enumerateDevices?.()) ?? []).filter(({ kind }) => kind === 'videoinput').map(({ deviceId }) => deviceId)
  const next = cameras[(cameras.indexOf(before) + 1) % cameras.length]
  if (next === undefined || next === before) return found
  found.stop()
  return open({ ...picture(facing), facingMode: undefined, deviceId: { exact: next } })
}

const cameraOf = (track: MediaStreamTrack): string | undefined => track.getSettings?.().deviceId

type TorchTrack = { getCapabilities?: () => MediaTrackCapabilities & { torch?: boolean } }

export const hasTorch = (track: MediaStreamTrack | null): boolean => (track as TorchTrack | null)?.getCapabilities?.().torch === true

export async function lightTorch(track: MediaStreamTrack, on: boolean): Promise<void> {
  await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] })
}

export type Asked = 'granted' | 'denied' | 'prompt'

/** Whether the browser is going to ask; one that cannot tell is taken to ask. */
export async function permissionOf(name: 'camera' | 'microphone', browser: Navigator = navigator): Promise<Asked> {
  try {
    return (await browser.permissions.query({ name: name as PermissionName })).state
  } catch {
    return 'prompt'
  }
}
