import { MixmatchError } from '../errors.js'
import { visibleLine } from '../visible-text.js'
import { csvLine } from './csv.js'
import type { Output } from './output.js'
import type { OutputOptions } from './output-options.js'
import { factLines, tableLines } from './table.js'

/**
 * A row of data. Its keys are the columns of a table and the keys of a JSON line. The column `resource` has
 * an object with `type` and `id`, which become two columns in CSV and values.
 */
export type Row = Readonly<Record<string, unknown>>

/**
 * Print rows in the requested format. The columns are those of the first row.
 *
 * @throws USAGE if `--column` names another column
 */
export function printRows(
  out: Output,
  options: OutputOptions,
  rows: readonly Row[],
  columns?: readonly string[],
): void {
  createRowPrinter(out, options, columns)(rows)
}

/** As `printRows`, for rows in several calls: each prints a table, but CSV has one header. */
export function createRowPrinter(
  out: Output,
  options: OutputOptions,
  given?: readonly string[],
): (rows: readonly Row[]) => void {
  let hasHeader = false
  return rows => {
    const [first] = rows
    if (first === undefined) return
    const all = given ?? Object.keys(first)
    const columns = chooseColumns(all, options)
    switch (options.format) {
      case 'json':
        for (const row of rows)
          printJson(out, options.column.length === 0 ? row : pick(row, columns))
        break
      case 'csv':
        if (!hasHeader) out.write(csvLine(flatColumns(columns)))
        hasHeader = true
        for (const row of rows) out.write(csvLine(cellsOf(row, flatColumns(columns))))
        break
      case 'value':
        for (const row of rows) printValues(out, cellsOf(row, flatColumns(columns)))
        break
      case 'table':
        printTable(out, rows, columns)
        break
      default:
        options.format satisfies never
    }
  }
}

function printJson(out: Output, row: Row): void {
  out.write(`${JSON.stringify(row)}\n`)
}

function printValues(out: Output, cells: readonly unknown[]): void {
  out.write(`${cells.map(cell => visibleLine(cellText(cell))).join(' ')}\n`)
}

function printTable(out: Output, rows: readonly Row[], columns: readonly string[]): void {
  const table = {
    heads: columns.map(titleOf),
    rows: rows.map(row => cellsOf(row, columns).map(cellText)),
  }
  for (const line of tableLines(table, out.width)) out.write(`${line}\n`)
}

/** Print properties of one thing: as one line each, one JSON object, or one row of CSV. */
export function printFacts(out: Output, options: OutputOptions, facts: Row): void {
  const { format } = options
  if (format === 'json' || format === 'csv') {
    printRows(out, options, [facts])
    return
  }
  const columns = chooseColumns(Object.keys(facts), options)
  const named = columns.map(column => [titleOf(column), cellText(cellOf(facts, column))] as const)
  if (format === 'value') for (const [, value] of named) out.write(`${visibleLine(value)}\n`)
  else for (const line of factLines(named, out.width)) out.write(`${line}\n`)
}

/** A resource stays `{"type": …, "id": …}`, as in all JSON of Mixmatch. */
function pick(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map(column => [column, cellOf(row, column) ?? null]))
}

function cellsOf(row: Row, columns: readonly string[]): readonly unknown[] {
  return columns.map(column => cellOf(row, column))
}

/** The columns of `--column`, in its order. The default is all columns. */
function chooseColumns(
  all: readonly string[],
  { column: chosen }: OutputOptions,
): readonly string[] {
  if (chosen.length === 0) return all
  const known = [...new Set([...all, ...flatColumns(all)])]
  return chosen.map(name => {
    const wanted = name.trim().toLowerCase().replace(/[ -]/g, '_')
    if (known.includes(wanted)) return wanted
    throw new MixmatchError('USAGE', `--column ${name}: expected one of ${known.join(', ')}.`)
  })
}

const resourceColumns = ['type', 'id'] as const

function flatColumns(columns: readonly string[]): string[] {
  return columns.flatMap(column => (column === 'resource' ? resourceColumns : [column]))
}

function cellOf(row: Row, column: string): unknown {
  if (column in row) return row[column]
  const { resource } = row
  const part = resourceColumns.find(each => each === column)
  return part !== undefined && isResource(resource) ? resource[part] : null
}

interface PrintedResource {
  readonly type: string
  readonly id: string
}

function isResource(value: unknown): value is PrintedResource {
  return typeof value === 'object' && value !== null && 'type' in value && 'id' in value
}

function titleOf(column: string): string {
  return column.replaceAll('_', ' ')
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (isResource(value)) return `${value.type} ${value.id}`
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
