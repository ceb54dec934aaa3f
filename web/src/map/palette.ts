/** Colours of the map; the pages' own are in `ui/theme.css`. Status never rests on colour alone: shapes differ too. */
import type { OfficerStatus } from '@/api'
import type { Theme } from '@/ui/useTheme'

export interface MapPalette {
  ground: string
  land: string
  landEdge: string
  border: string
  borderFaint: string
  label: string
  labelHalo: string
  road: string
  roadMain: string
  roadMotorway: string
  route: string
  routeFaint: string
  reach: string
  closed: string
  cell: string
  cellText: string
  /** Areas shaded by a figure. */
  figure: string
  figureText: string
  officer: Record<Exclude<OfficerStatus, 'off_duty'>, string>
}

const DARK: MapPalette = {
  ground: '#0a1016',
  land: '#15202b',
  landEdge: '#3b5568',
  border: '#31475a',
  borderFaint: '#203040',
  label: '#a3b6c6',
  labelHalo: '#0a1016',
  road: '#233444',
  roadMain: '#34495c',
  roadMotorway: '#4d6377',
  route: '#39d0e6',
  routeFaint: '#3a7f95',
  reach: '#39d0e6',
  closed: '#ff5a5f',
  cell: '#5d7fa3',
  cellText: '#e8eff5',
  figure: '#2f8fd0',
  figureText: '#ffffff',
  officer: { free: '#2fd6a3', busy: '#e8a33d', stale: '#8b9bab' },
}

const LIGHT: MapPalette = {
  ground: '#d9e4ea',
  land: '#f5f7f5',
  landEdge: '#8fa3ae',
  border: '#b4c2ca',
  borderFaint: '#d8e0e3',
  label: '#4a5b66',
  labelHalo: '#ffffff',
  road: '#d3dade',
  roadMain: '#b9c6cd',
  roadMotorway: '#a4b6c0',
  route: '#0b7fa5',
  routeFaint: '#7db4c8',
  reach: '#0b7fa5',
  closed: '#c4252b',
  cell: '#5b86b0',
  cellText: '#10202b',
  figure: '#3f9fd8',
  figureText: '#10202b',
  officer: { free: '#08795a', busy: '#b06500', stale: '#5f7180' },
}

export const PALETTES: Record<Theme, MapPalette> = { dark: DARK, light: LIGHT }
