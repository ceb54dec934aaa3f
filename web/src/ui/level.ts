/** The shape and sign of each alert level, in a 24 × 24 box, so that it is read without its colour. */
import type { AlertLevel } from '@/api'

export const LEVEL_SHAPE: Record<AlertLevel, string> = {
  1: 'M7.5 1.5h9l6 6v9l-6 6h-9l-6-6v-9z', // octagon
  2: 'M12 0.8 23.2 12 12 23.2 0.8 12z', // diamond
  3: 'M3.5 2.5h17a1 1 0 0 1 1 1v17a1 1 0 0 1-1 1h-17a1 1 0 0 1-1-1v-17a1 1 0 0 1 1-1z', // square
  4: 'M12 1.5a10.5 10.5 0 1 1 0 21a10.5 10.5 0 1 1 0-21z', // circle
}

export const LEVEL_SIGN: Record<AlertLevel, string> = { 1: '1', 2: '2', 3: '3', 4: '4' }
