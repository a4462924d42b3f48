import stringWidth from 'string-width'
import { visibleLine } from '../visible-text.js'

/** Spaces between two columns. */
const GAP = 2

/** The text of a table. */
interface TableText {
  readonly heads: readonly string[]
  /** Each row has as many cells as there are heads. */
  readonly rows: readonly (readonly string[])[]
}

/**
 * The lines of a table. If it is too wide for the terminal, cells are wrapped between words. If a word is too
 * wide, each row becomes a block with one line for each column, so that ids are never broken.
 *
 * @param width columns of the terminal; null for any width
 */
export function* tableLines(table: TableText, width: number | null): Generator<string> {
  const heads = table.heads.map(visibleLine)
  const rows = table.rows.map(row => row.map(visibleLine))
  const widths = fitWidths(columnWidths([heads, ...rows], textWidth), width, () =>
    columnWidths([heads, ...rows], widestWord),
  )
  if (widths === null) {
    yield* blockLines(heads, rows)
    return
  }
  for (const row of [heads, ...rows]) yield* rowLines(row, widths)
}

/** One line for each name and its value. A value that is too long is wrapped. */
export function* factLines(
  facts: readonly (readonly [name: string, value: string])[],
  width: number | null,
): Generator<string> {
  const visible = facts.map(([name, value]) => [visibleLine(name), visibleLine(value)] as const)
  const nameWidth = Math.max(0, ...visible.map(([name]) => textWidth(name)))
  const room = width === null ? Infinity : Math.max(1, width - nameWidth - GAP)
  for (const [name, value] of visible) yield* rowLines([name, value], [nameWidth, room])
}

function* blockLines(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): Generator<string> {
  const nameWidth = Math.max(0, ...heads.map(textWidth))
  for (const [index, row] of rows.entries()) {
    if (index > 0) yield ''
    for (const [column, cell] of row.entries()) {
      yield* rowLines([heads[column] ?? '', cell], [nameWidth, Infinity])
    }
  }
}

/** One row, on as many lines as its longest wrapped cell needs. */
function* rowLines(cells: readonly string[], widths: readonly number[]): Generator<string> {
  const wrapped = cells.map((cell, column) => wrapWords(cell, widths[column] ?? Infinity))
  const height = Math.max(1, ...wrapped.map(lines => lines.length))
  for (let line = 0; line < height; line += 1) {
    const parts = wrapped.map((lines, column) => {
      const text = lines[line] ?? ''
      const isLast = column === wrapped.length - 1
      return isLast ? text : text + ' '.repeat((widths[column] ?? 0) - textWidth(text) + GAP)
    })
    yield parts.join('').trimEnd()
  }
}

/** The width of each column. Math.max(...) would fail with 100,000 rows. */
function columnWidths(
  rows: readonly (readonly string[])[],
  measure: (cell: string) => number,
): number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, measure(cell))
    }
  }
  return widths
}

/**
 * Narrow the widest columns until the table fits.
 *
 * @param least the minimum width of each column
 * @returns null if it cannot fit
 */
function fitWidths(
  natural: readonly number[],
  width: number | null,
  least: () => readonly number[],
): readonly number[] | null {
  const room = width === null ? Infinity : width - GAP * (natural.length - 1)
  const total = (widths: readonly number[]) => widths.reduce((sum, each) => sum + each, 0)
  if (total(natural) <= room) return natural
  const needed = least()
  if (total(needed) > room) return null
  const widths = [...natural]
  while (total(widths) > room) {
    const shrinkable = widths.map((each, column) => (each > (needed[column] ?? 0) ? each : 0))
    const widest = shrinkable.indexOf(Math.max(...shrinkable))
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

function widestWord(cell: string): number {
  return Math.max(...cell.split(' ').map(textWidth))
}

/** Wrap between words. A word that is too wide is alone on its line. */
function wrapWords(cell: string, width: number): string[] {
  if (textWidth(cell) <= width) return [cell]
  const lines: string[] = []
  for (const word of cell.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && textWidth(line) + 1 + textWidth(word) <= width) {
      lines[lines.length - 1] = `${line} ${word}`
    } else {
      lines.push(word)
    }
  }
  return lines
}

/** In columns of a terminal: a Chinese character has two, a combining mark none. */
function textWidth(text: string): number {
  return stringWidth(text, { countAnsiEscapeCodes: true })
}
