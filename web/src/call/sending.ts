/** How much a camera sends: the room's limit, applied to a sender without a new offer. */
import type { SendLimit } from '@/api'

export type SenderLike = Pick<RTCRtpSender, 'track' | 'getParameters' | 'setParameters'>

/** By how much a picture of this size is scaled down to fit; phones held upright have their sides exchanged. */
export function scaleFor(width: number, height: number, limit: Pick<SendLimit, 'width' | 'height'>): number {
  const long = Math.max(width, height) / Math.max(limit.width, limit.height)
  const short = Math.min(width, height) / Math.min(limit.width, limit.height)
  return Math.max(1, long, short)
}

/** `pictures`: whether to send any; none where the hub has said that our network is too poor for them. */
export async function applyLimit(sender: SenderLike, limit: SendLimit, pictures = true): Promise<void> {
  const { track } = sender
  if (!track || track.kind !== 'video') return
  const { width = limit.width, height = limit.height } = track.getSettings()
  const parameters = sender.getParameters()
  // Before the answer is in there is nothing to set; the leg comes here again when it is.
  const [encoding] = parameters.encodings ?? []
  if (!encoding) return
  encoding.active = pictures
  encoding.maxBitrate = limit.bitrate
  encoding.maxFramerate = limit.fps
  encoding.scaleResolutionDownBy = scaleFor(width, height, limit)
  await sender.setParameters(parameters)
}

type Codec = { mimeType: string }

/** What the hub and the recorder carry best comes first; whatever else the browser knows stays possible. */
export function preferVp8<One extends Codec>(codecs: readonly One[]): One[] {
  const isVp8 = ({ mimeType }: Codec) => mimeType.toLowerCase() === 'video/vp8'
  return [...codecs.filter(isVp8), ...codecs.filter((codec) => !isVp8(codec))]
}
