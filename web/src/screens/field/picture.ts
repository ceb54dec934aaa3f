/** Pictures small enough for a poor network and still good enough as evidence. */

const LONGEST_SIDE = 1920
const QUALITY = 0.85

/** A JPEG of at most 1920 pixels a side; the picture as it is when the browser cannot read it. */
export async function shrink(file: Blob): Promise<Blob> {
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' })
  } catch {
    return file // the server decides whether it takes this kind
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(bitmap.width * scale)
  canvas.height = Math.round(bitmap.height * scale)
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  return new Promise((resolve) => canvas.toBlob((small) => resolve(small ?? file), 'image/jpeg', QUALITY))
}
