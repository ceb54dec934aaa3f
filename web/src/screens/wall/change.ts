/** How a figure has changed against the period before; read by its arrow and sign, never by colour alone. */

export interface Change {
  direction: 'up' | 'down' | 'same'
  /** In percent of the value before; null where there was nothing before. */
  percent: number | null
}

export const ARROW: Record<Change['direction'], string> = { up: '▲', down: '▼', same: '＝' }

export function changeOf(value: number, previous: number): Change {
  const direction = value > previous ? 'up' : value < previous ? 'down' : 'same'
  return { direction, percent: previous === 0 ? null : (100 * (value - previous)) / previous }
}

/** `+12.3%`, `−4%`; above tenfold the percent says less than the times. */
export function changeText({ percent }: Change, locale: string): string | null {
  if (percent === null) return null
  if (percent > 900) return `×${((percent + 100) / 100).toLocaleString(locale, { maximumFractionDigits: 0 })}`
  const text = Math.abs(percent).toLocaleString(locale, { maximumFractionDigits: Math.abs(percent) < 10 ? 1 : 0 })
  return `${percent > 0 ? '+' : percent < 0 ? '−' : ''}${text}%`
}
