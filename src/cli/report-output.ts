import type { Writable } from 'node:stream'
import { toCsv } from '../audit/csv.js'
import { toPage } from '../audit/html/page.js'
import type { Cells, Report, Section } from '../audit/report.js'
import { MixmatchError } from '../errors.js'
import { printFacts, printRows } from './output.js'

export const reportFormats = ['table', 'json', 'csv', 'html'] as const
export type ReportFormat = (typeof reportFormats)[number]

export interface ReportOptions {
  readonly format: ReportFormat
  /** Of a section; all where it is not given, in CSV the first. */
  readonly section?: string
}

/** @throws USAGE where the report has no such section */
export function printReport(out: Writable, report: Report, options: ReportOptions): void {
  const sections =
    options.section === undefined ? report.sections : [sectionOf(report, options.section)]
  switch (options.format) {
    case 'html':
      out.write(toPage({ ...report, sections }))
      break
    case 'csv':
      if (sections[0]) for (const line of toCsv(sections[0])) out.write(line)
      break
    case 'json':
      printJson(out, report, sections)
      break
    case 'table':
      printTables(out, report, sections)
      break
    default:
      options.format satisfies never
  }
}

function sectionOf(report: Report, name: string): Section {
  const section = report.sections.find(each => each.name === name)
  if (section) return section
  const names = report.sections.map(each => each.name).join(', ')
  throw new MixmatchError('USAGE', `--section ${name}: this report has ${names}.`)
}

/** What the report is made from stands in the first line, every row in a line of its own. */
function printJson(out: Writable, report: Report, sections: readonly Section[]): void {
  const { title, verdict, scope, caveats } = report
  printFacts(out, 'json', { section: 'report', title, verdict, ...scope, caveats })
  for (const { name, columns, rows } of sections) {
    for (const row of rows) printFacts(out, 'json', { section: name, ...inOrder(row, columns) })
  }
}

function printTables(out: Writable, report: Report, sections: readonly Section[]): void {
  out.write(`${report.title}: ${report.verdict}\n\n`)
  printFacts(out, 'table', report.scope)
  for (const caveat of report.caveats) out.write(`\n! ${caveat}\n`)
  for (const { title, columns, rows, note } of sections) {
    out.write(`\n${title}\n${'-'.repeat(title.length)}\n`)
    if (note !== undefined && rows.length > 0) out.write(`${note}\n`)
    if (rows.length === 0) out.write('none\n')
    else printRows(out, 'table', rows, columns)
  }
}

function inOrder(row: Cells, columns: readonly string[]): Cells {
  return Object.fromEntries(columns.map(column => [column, row[column] ?? null]))
}
