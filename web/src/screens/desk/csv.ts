/** Tables as files that spreadsheets open: UTF-8 with its mark, and no cell that a spreadsheet would run. */

const quoted = (cell: unknown) => {
  const text = cell === null || cell === undefined ? '' : String(cell)
  // A text that begins like a formula would be one when the file is opened.
  const harmless = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

export const toCsv = (head: readonly string[], rows: readonly (readonly unknown[])[]) =>
  `\uFEFF${[head, ...rows].map((cells) => cells.map(quoted).join(',')).join('\r\n')}\r\n`

/** Hand a file to the person at the screen. */
export function save(name: string, text: string, type = 'text/csv;charset=utf-8'): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
