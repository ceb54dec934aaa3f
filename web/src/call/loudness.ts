/** How loud a microphone is, before any connection could say so. */

const EVERY_MS = 100

/** Tells the level, 0 to 1, some ten times a second until the returned function is called. */
export function listenTo(track: MediaStreamTrack, tell: (level: number) => void): () => void {
  const context = new AudioContext()
  const source = context.createMediaStreamSource(new MediaStream([track]))
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const timer = window.setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    tell(levelOf(samples))
  }, EVERY_MS)
  void context.resume()
  return () => {
    window.clearInterval(timer)
    source.disconnect()
    void context.close()
  }
}

/** Root of the mean square, stretched so that ordinary speech fills half of a bar. */
export function levelOf(samples: Float32Array): number {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return Math.min(1, Math.sqrt(sum / Math.max(1, samples.length)) * 4)
}
