/** Rows by one of their columns; what has no value comes last, whichever way the others go. */
export type Cell = string | number | null | undefined

export function sorted<Row>(rows: readonly Row[], value: (row: Row) => Cell, isDown: boolean): Row[] {
  const sign = isDown ? -1 : 1
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)]
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1
    if (b === null || b === undefined) return -1
    return sign * (typeof a === 'string' || typeof b === 'string' ? String(a).localeCompare(String(b), 'zh-CN') : a - b)
  })
}
