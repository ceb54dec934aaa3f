/** Colours of bands of minutes, from near to far: those of the server's maps and reports (planning/colours.py). */
const BANDS = ['#1a7a4c', '#5aab61', '#a6cf7a', '#e6dc7c', '#f6c667', '#ee9a4d', '#dd6b35', '#b8432f'] as const
export const BEYOND = '#5c2a6e'

/** As many as there are bands, the ends of the scale always used. */
export function bandColours(count: number): string[] {
  if (count === 1) return [BANDS[0]]
  return Array.from({ length: count }, (_, i) => BANDS[roundHalfEven((i * (BANDS.length - 1)) / (count - 1))]!)
}

/** Python's `round`, which the server uses: a half goes to the even number. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value)
  if (value - low !== 0.5) return Math.round(value)
  return low % 2 === 0 ? low : low + 1
}

/** A MapLibre expression: the colour of so many `minutes`, that of the band which they lie in. */
export function bandExpression(minutes: unknown, bands: readonly number[]): unknown {
  const colours = bandColours(bands.length)
  // `<=` a band's end is inside, as the figures count it.
  return ['case', ...bands.flatMap((end, i) => [['<=', minutes, end], colours[i]]), BEYOND]
}
