/** The sound of a call, made by the browser itself: two tones, again and again until it is answered. */

let context: AudioContext | null = null

/** Browsers allow sound only after a touch: call this in one. */
export function allowSound(): void {
  context ??= new AudioContext()
  void context.resume()
}

export const soundAllowed = () => context?.state === 'running'

function chime(at: AudioContext): void {
  const start = at.currentTime
  for (const [i, hertz] of [880, 660, 880, 660].entries()) {
    const tone = at.createOscillator()
    const volume = at.createGain()
    const from = start + i * 0.22
    tone.frequency.value = hertz
    volume.gain.setValueAtTime(0.0001, from)
    volume.gain.exponentialRampToValueAtTime(0.35, from + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.2)
    tone.connect(volume).connect(at.destination)
    tone.start(from)
    tone.stop(from + 0.21)
  }
}

/** The tones once, where sound is allowed. */
export function chimeOnce(): void {
  if (context?.state === 'running') chime(context)
}

const RING_EVERY_MS = 2_000

/** Ring and vibrate until the returned function is called. */
export function ring(): () => void {
  const once = () => {
    chimeOnce()
    navigator.vibrate?.([400, 150, 400])
  }
  once()
  const timer = window.setInterval(once, RING_EVERY_MS)
  return () => {
    window.clearInterval(timer)
    navigator.vibrate?.(0)
  }
}
