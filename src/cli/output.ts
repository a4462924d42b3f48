import type { Writable } from 'node:stream'
import Table from 'cli-table3'
import { InvalidArgumentError } from 'commander'

export const formats = ['table', 'json'] as const
export type Format = (typeof formats)[number]

/** For commander: the value of `--format`. */
export function parseFormat(text: string): Format {
  const format = formats.find(each => each === text)
  if (format) return format
  throw new InvalidArgumentError(`Expected one of ${formats.join(', ')}.`)
}

/** For commander: a whole number that is not negative. */
export function parseWhole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}

/** For commander: a hash of the chain, as `log head` prints it. */
export function parseHash(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase()
  throw new InvalidArgumentError(
    'Expected the 64 hexadecimal digits that "mixmatch log head" prints.',
  )
}

/** A row of data: its keys are the columns of a table and the keys of a JSON line. */
export type Row = Readonly<Record<string, unknown>>

/** Rows as people read them, or a JSON object a line. The columns of a table are those of the first row. */
export function printRows(
  out: Writable,
  format: Format,
  rows: readonly Row[],
  columns: readonly string[] = Object.keys(rows[0] ?? {}),
): void {
  if (format === 'json') {
    for (const row of rows) out.write(`${JSON.stringify(row)}\n`)
    return
  }
  if (rows.length === 0) return
  const head = columns.map(title)
  const cells = (row: Row) => columns.map(column => text(row[column]))
  if (rows.length > MANY) {
    printMany(out, head, { rows, cells })
    return
  }
  const table = new Table({ head, chars: borderless, style: plain })
  for (const row of rows) table.push(cells(row))
  out.write(`${trimmed(table.toString())}\n`)
}

/** Above it a row is only padded: the table would take a millisecond for each, and fail at 100,000. */
const MANY = 1_000

function printMany(
  out: Writable,
  head: readonly string[],
  { rows, cells }: { rows: readonly Row[]; cells: (row: Row) => readonly string[] },
): void {
  const widths = head.map(widthOf)
  for (const row of rows) {
    for (const [index, cell] of cells(row).entries()) {
      widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
    }
  }
  const line = (texts: readonly string[]) =>
    texts
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell) + GAP))
      .join('')
  out.write(`${line(head).trimEnd()}\n`)
  for (const row of rows) out.write(`${line(cells(row)).trimEnd()}\n`)
}

/** In columns, at most: what is not ASCII may take two. */
function widthOf(cell: string): number {
  return cell.length + (cell.match(/[^\x20-\x7e]/g)?.length ?? 0)
}

/** One thing and what is known of it, a line each; or one JSON object. */
export function printFacts(out: Writable, format: Format, facts: Row): void {
  if (format === 'json') {
    out.write(`${JSON.stringify(facts)}\n`)
    return
  }
  const table = new Table({ chars: borderless, style: plain })
  for (const [name, value] of Object.entries(facts)) table.push([title(name), text(value)])
  out.write(`${trimmed(table.toString())}\n`)
}

/** Between two columns. */
const GAP = 2
const plain = { head: [], border: [], 'padding-left': 0, 'padding-right': GAP }
const borderless = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
}

function title(column: string): string {
  return column.replaceAll('_', ' ')
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function trimmed(table: string): string {
  return table
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}
