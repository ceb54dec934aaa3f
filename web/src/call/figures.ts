/** What a browser's statistics say about one leg, reduced to what a tile shows and a leg decides by. */

export interface Figures {
  /** Everything that came over the connection, reports of the other side included; a leg that has none is dead. */
  packets: number
  framesDecoded: number
  framesEncoded: number
  /** All sound so far: its energy (that of a second of full scale is 1), and how many seconds it lasted. */
  audioEnergy: number
  audioSeconds: number
  packetsReceived: number
  packetsLost: number
  rttMs: number | null
  width: number
  height: number
}

export const NO_FIGURES: Figures = {
  packets: 0, framesDecoded: 0, framesEncoded: 0, audioEnergy: 0, audioSeconds: 0, packetsReceived: 0, packetsLost: 0, rttMs: null, width: 0, height: 0,
}

type Row = Record<string, unknown>

/** `report`: an `RTCStatsReport`, or whatever else yields its rows. */
export function readFigures(report: { forEach(each: (row: Row) => void): void }): Figures {
  const figures = { ...NO_FIGURES }
  const number = (value: unknown) => (typeof value === 'number' ? value : 0)
  const takeSound = (row: Row) => {
    figures.audioEnergy = number(row.totalAudioEnergy)
    figures.audioSeconds = number(row.totalSamplesDuration)
  }
  report.forEach((row) => {
    if (row.type === 'transport') figures.packets += number(row.packetsReceived)
    else if (row.type === 'candidate-pair' && row.nominated && typeof row.currentRoundTripTime === 'number') {
      figures.rttMs = row.currentRoundTripTime * 1000
    } else if (row.type === 'inbound-rtp') {
      figures.packetsReceived += number(row.packetsReceived)
      figures.packetsLost += Math.max(0, number(row.packetsLost))
      if (row.kind === 'audio') takeSound(row)
      else {
        figures.framesDecoded = number(row.framesDecoded)
        figures.width = number(row.frameWidth)
        figures.height = number(row.frameHeight)
      }
    } else if (row.type === 'outbound-rtp' && row.kind === 'video') {
      figures.framesEncoded = number(row.framesEncoded)
      figures.width = number(row.frameWidth)
      figures.height = number(row.frameHeight)
    } else if (row.type === 'media-source' && row.kind === 'audio') takeSound(row)
  })
  // A browser without transport statistics: what came of sound and picture has to do.
  if (figures.packets === 0) figures.packets = figures.packetsReceived
  return figures
}

/**
 * How loud it was between two looks, 0 (silence) to 1: the root of the mean energy, as W3C's webrtc-stats defines it
 * under `totalAudioEnergy`. The level of the moment alone would miss a word that falls between two looks.
 */
export function levelBetween(before: Figures, now: Figures): number {
  const seconds = now.audioSeconds - before.audioSeconds
  return seconds > 0 ? Math.min(1, Math.sqrt(Math.max(0, now.audioEnergy - before.audioEnergy) / seconds)) : 0
}

/** How well a leg works, between two looks at its figures. */
export interface Quality {
  /** Pictures a second that were shown, or, of our own leg, sent. */
  fps: number
  /** Share of packets that did not arrive, 0 to 1. */
  lost: number
  rtt_ms: number | null
}

export function qualityBetween(before: Figures, now: Figures, ms: number): Quality {
  const came = Math.max(0, now.packetsReceived - before.packetsReceived)
  const missing = Math.max(0, now.packetsLost - before.packetsLost)
  const frames = Math.max(0, now.framesDecoded - before.framesDecoded, now.framesEncoded - before.framesEncoded)
  return {
    fps: ms > 0 ? (frames * 1000) / ms : 0,
    lost: came + missing > 0 ? missing / (came + missing) : 0,
    rtt_ms: now.rttMs,
  }
}

export type Grade = 'good' | 'fair' | 'poor'

/** In the words of a tile. From 3 % loss pictures begin to stand still, at 10 % half of them are gone (measured, docs/video.md). */
export function gradeOf({ lost, rtt_ms }: Quality): Grade {
  if (lost > 0.08 || (rtt_ms ?? 0) > 800) return 'poor'
  if (lost > 0.025 || (rtt_ms ?? 0) > 300) return 'fair'
  return 'good'
}

/** How well a place receives, as the server is told; what is not known is null. */
export type Reception = { [figure in keyof Quality]: number | null }

/**
 * Of many legs the worst. Few pictures of which none were lost are the camera's doing, not the network's: whoever
 * switched it off must not make the others send less.
 */
export function worstOf(all: readonly Quality[]): Reception | null {
  if (all.length === 0) return null
  const rtts = all.flatMap(({ rtt_ms }) => (rtt_ms === null ? [] : [rtt_ms]))
  const suffering = all.filter(({ lost }) => lost > 0).map(({ fps }) => fps)
  return {
    fps: suffering.length > 0 ? Math.min(...suffering) : null,
    lost: Math.max(...all.map(({ lost }) => lost)),
    rtt_ms: rtts.length > 0 ? Math.max(...rtts) : null,
  }
}
