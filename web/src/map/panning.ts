/** Keys of whoever draws on a map without a mouse. */
import { isDialogOpen } from '@/ui/dialog'

const ARROWS: Record<string, readonly [x: number, y: number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
}

/** How far an arrow key moves the map, each step `px` wide; null for every other key. */
export function panOf(key: string, px: number): [number, number] | null {
  const arrow = ARROWS[key]
  return arrow ? [arrow[0] * px, arrow[1] * px] : null
}

/** Whether a key is the map's, and not a text field's, a dialogue's or the browser's. */
export function isForTheMap(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement
  return !(event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select') || isDialogOpen())
}
