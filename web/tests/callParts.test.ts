// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import { type Capture, capture, otherCamera, troubleOf } from '@/call/devices'
import { gradeOf, levelBetween, NO_FIGURES, qualityBetween, readFigures, worstOf } from '@/call/figures'
import { levelOf } from '@/call/loudness'
import { applyLimit, preferVp8, scaleFor } from '@/call/sending'
import { seatTokenOf } from '@/call/seatToken'

const track = (kind: string) => ({ kind, stopped: false, stop() { this.stopped = true } })
const stream = (...kinds: string[]) => ({
  getAudioTracks: () => kinds.filter((kind) => kind === 'audio').map(track),
  getVideoTracks: () => kinds.filter((kind) => kind === 'video').map(track),
})

/** Devices of which some refuse. */
function devices(refusals: { audio?: string; video?: string }) {
  const asked: string[] = []
  const getUserMedia = async ({ audio, video }: MediaStreamConstraints) => {
    const kinds = [audio ? 'audio' : '', video ? 'video' : ''].filter(Boolean) as ('audio' | 'video')[]
    asked.push(kinds.join('+'))
    for (const kind of kinds) if (refusals[kind]) throw new DOMException('no', refusals[kind])
    return stream(...kinds)
  }
  return { asked, capture: { getUserMedia } as unknown as Capture }
}

const BOTH = { audio: true, video: true, facing: 'user' } as const

describe('camera and microphone', () => {
  test('are asked for in one question', async () => {
    const here = devices({})
    const captured = await capture(BOTH, here.capture)
    expect(here.asked).toEqual(['audio+video'])
    expect([captured.audio?.kind, captured.video?.kind]).toEqual(['audio', 'video'])
  })

  test('without a camera the sound goes on, and it is said why', async () => {
    const captured = await capture(BOTH, devices({ video: 'NotFoundError' }).capture)
    expect(captured.audio?.kind).toBe('audio')
    expect([captured.video, captured.trouble]).toEqual([null, { audio: null, video: 'missing' }])
  })

  test('a person who refuses both can still look on', async () => {
    const captured = await capture(BOTH, devices({ audio: 'NotAllowedError', video: 'NotAllowedError' }).capture)
    expect(captured).toEqual({ audio: null, video: null, trouble: { audio: 'denied', video: 'denied' } })
  })

  test('an insecure page has none', async () => {
    expect((await capture(BOTH, undefined)).trouble).toEqual({ audio: 'insecure', video: 'insecure' })
  })

  test.each([['NotAllowedError', 'denied'], ['NotReadableError', 'busy'], ['OverconstrainedError', 'missing'], ['Other', 'unknown']])('%s means %s', (name, trouble) => {
    expect(troubleOf(new DOMException('no', name))).toBe(trouble)
  })

  test('the present camera is let go before the other is opened', async () => {
    const present = track('video')
    const other = await otherCamera(present as unknown as MediaStreamTrack, 'environment', devices({}).capture)
    expect([present.stopped, other.kind]).toEqual([true, 'video'])
  })

  test('of cameras that look to no side the next one is taken, and after the last the first', async () => {
    const camera = (deviceId: string) => ({ ...track('video'), getSettings: () => ({ deviceId }) }) as unknown as MediaStreamTrack
    const desk = {
      getUserMedia: async ({ video }: MediaStreamConstraints) => {
        const asked = ((video as MediaTrackConstraints).deviceId as { exact: string } | undefined)?.exact ?? 'left'
        return { getVideoTracks: () => [camera(asked)] }
      },
      enumerateDevices: async () => ['left', 'right'].map((deviceId) => ({ kind: 'videoinput', deviceId })),
    } as unknown as Capture
    const right = await otherCamera(camera('left'), 'environment', desk)
    expect(right.getSettings().deviceId).toBe('right')
    expect((await otherCamera(right, 'user', desk)).getSettings().deviceId).toBe('left')
  })
})

describe('figures', () => {
  const report = [
    { type: 'transport', packetsReceived: 100 },
    { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.04 },
    { type: 'inbound-rtp', kind: 'audio', packetsReceived: 50, packetsLost: 1, totalAudioEnergy: 0.5, totalSamplesDuration: 2 },
    { type: 'inbound-rtp', kind: 'video', packetsReceived: 40, packetsLost: -2, framesDecoded: 30, frameWidth: 640, frameHeight: 480 },
  ]

  test('are the sum of sound and picture; a count of lost packets below zero is none', () => {
    expect(readFigures(report)).toEqual({
      packets: 100, framesDecoded: 30, framesEncoded: 0, audioEnergy: 0.5, audioSeconds: 2, packetsReceived: 90, packetsLost: 1, rttMs: 40, width: 640, height: 480,
    })
  })

  test('of a browser without transport statistics are what came', () => {
    expect(readFigures(report.slice(2)).packets).toBe(90)
  })

  test('of sound say how loud it was between two looks, not how loud it is at one of them', () => {
    const at = (audioEnergy: number, audioSeconds: number) => ({ ...NO_FIGURES, audioEnergy, audioSeconds })
    expect(levelBetween(at(0.5, 2), at(0.58, 2.5))).toBeCloseTo(0.4)
    expect(levelBetween(at(0.5, 2), at(0.5, 2.5))).toBe(0)
    expect(levelBetween(at(0.5, 2), at(0.5, 2))).toBe(0) // nothing came
  })

  test('make a quality between two looks', () => {
    const now = { ...NO_FIGURES, packetsReceived: 95, packetsLost: 5, framesDecoded: 15, rttMs: 40 }
    expect(qualityBetween(NO_FIGURES, now, 1000)).toEqual({ fps: 15, lost: 0.05, rtt_ms: 40 })
  })

  test.each([[{ lost: 0, rtt_ms: 20 }, 'good'], [{ lost: 0.05, rtt_ms: 20 }, 'fair'], [{ lost: 0.1, rtt_ms: 20 }, 'poor'], [{ lost: 0, rtt_ms: 900 }, 'poor'], [{ lost: 0, rtt_ms: null }, 'good']] as const)('%j is %s', (quality, grade) => {
    expect(gradeOf({ fps: 15, ...quality })).toBe(grade)
  })

  test('of many legs the worst counts', () => {
    expect(worstOf([{ fps: 15, lost: 0, rtt_ms: null }, { fps: 7, lost: 0.1, rtt_ms: 30 }])).toEqual({ fps: 7, lost: 0.1, rtt_ms: 30 })
    expect(worstOf([])).toBeNull()
  })

  test('few pictures without any loss are the camera\'s doing: the network is not blamed', () => {
    expect(worstOf([{ fps: 1, lost: 0, rtt_ms: 20 }, { fps: 15, lost: 0.02, rtt_ms: 20 }])).toEqual({ fps: 15, lost: 0.02, rtt_ms: 20 })
    expect(worstOf([{ fps: 0, lost: 0, rtt_ms: 20 }])).toEqual({ fps: null, lost: 0, rtt_ms: 20 })
  })
})

describe('what is sent', () => {
  test.each([[640, 480, 640, 480, 1], [1280, 720, 640, 480, 2], [640, 480, 320, 240, 2], [480, 640, 320, 240, 2], [320, 240, 640, 480, 1]])('%i × %i within %i × %i is scaled by %d', (width, height, w, h, scale) => {
    expect(scaleFor(width, height, { width: w, height: h })).toBe(scale)
  })

  test('keeps to the limit of the room', async () => {
    const encoding = {}
    const sender = {
      track: { kind: 'video', getSettings: () => ({ width: 640, height: 480 }) },
      getParameters: () => ({ encodings: [encoding] }),
      setParameters: async () => undefined,
    }
    const limit = { width: 320, height: 240, fps: 15, bitrate: 200_000 }
    await applyLimit(sender as unknown as RTCRtpSender, limit)
    expect(encoding).toEqual({ active: true, maxBitrate: 200_000, maxFramerate: 15, scaleResolutionDownBy: 2 })
    await applyLimit(sender as unknown as RTCRtpSender, limit, false)
    expect(encoding).toMatchObject({ active: false })
  })

  test('is VP8 first, and then whatever else there is', () => {
    const codecs = ['video/H264', 'video/VP8', 'video/rtx'].map((mimeType) => ({ mimeType }))
    expect(preferVp8(codecs).map(({ mimeType }) => mimeType)).toEqual(['video/VP8', 'video/H264', 'video/rtx'])
  })
})

test('loudness is that of all samples, silence is nothing', () => {
  expect(levelOf(new Float32Array(1024))).toBe(0)
  expect(levelOf(new Float32Array(1024).fill(0.1))).toBeCloseTo(0.4)
  expect(levelOf(new Float32Array(1024).fill(1))).toBe(1)
})

test('the token of a seat leaves the address bar and stays for a page that is loaded anew', () => {
  history.replaceState(null, '', '/room/9#word')
  expect(seatTokenOf(9)).toBe('word')
  expect(location.href.endsWith('/room/9')).toBe(true)
  expect(seatTokenOf(9)).toBe('word')
  expect(seatTokenOf(8)).toBeNull()
})
