/** Pictures small enough for a poor network and still good enough as evidence. */

const LONGEST_SIDE = 1920
export const MOST_BYTES = 1_600_000
/** Each is tried until the picture is small enough: first less quality, then fewer pixels. */
const TRIES = [
  { side: LONGEST_SIDE, quality: 0.85 },
  { side: LONGEST_SIDE, quality: 0.7 },
  { side: 1600, quality: 0.7 },
  { side: 1280, quality: 0.6 },
] as const

/** A JPEG of at most 1920 pixels a side and 1.6 MB; the picture as it is when the browser cannot read it. */
export async function shrink(file: Blob): Promise<Blob> {
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' })
  } catch {
    return file // the server decides whether it takes this kind
  }
  try {
    let smallest: Blob = file
    for (const { side, quality } of TRIES) {
      smallest = (await drawn(bitmap, side, quality)) ?? smallest
      if (smallest.size <= MOST_BYTES) break
    }
    return smallest
  } finally {
    bitmap.close()
  }
}

function drawn(bitmap: ImageBitmap, side: number, quality: number): Promise<Blob | null> {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(bitmap.width * scale)
  canvas.height = Math.round(bitmap.height * scale)
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
}

/**
 * When the camera took it, from the picture itself (EXIF is lost when it is made smaller); else the file's own time.
 *
 * A camera that writes no zone means the phone's.
 */
export async function takenAt(file: File): Promise<string> {
  const fallback = new Date(file.lastModified).toISOString()
  try {
    const { default: reader } = await import('exifreader')
    const tags = await reader.load(file)
    const words = tags.DateTimeOriginal?.description
    return (typeof words === 'string' && exifTime(words, tags.OffsetTimeOriginal?.description)) || fallback
  } catch {
    return fallback // no EXIF, or a picture of a kind that has none
  }
}

/** `2026:01:05 10:20:30` and perhaps `+08:00`, as UTC; null when it is no time at all. */
export function exifTime(words: string, zone?: string): string | null {
  const found = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(words)
  if (!found) return null
  const [, year, month, day, clock] = found
  const offset = zone && /^[+-]\d\d:\d\d$/.test(zone) ? zone : ''
  const at = new Date(`${year}-${month}-${day}T${clock}${offset}`)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}
