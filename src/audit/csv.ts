import type { Cell, Section } from './report.js'

/**
 * A section as CSV, RFC 4180: a header, CRLF, quotes where they are needed. Text that a spreadsheet
 * would take for a formula gets an apostrophe before it: ids and names come from other people's
 * clouds (OWASP, CSV Injection).
 */
export function* toCsv({ columns, rows }: Section): Generator<string> {
  yield line(columns)
  for (const row of rows) yield line(columns.map(name => row[name] ?? null))
}

function line(values: readonly Cell[]): string {
  return `${values.map(field).join(',')}\r\n`
}

function field(value: Cell): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
