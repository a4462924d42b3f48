import { toPage } from '../audit/html/page.js'
import type { Cells, Report, Section } from '../audit/report.js'
import { MixmatchError } from '../errors.js'
import type { Context } from './context.js'
import type { Output } from './output.js'
import { formats, type OutputOptions, wholeJson, wholeTable } from './output-options.js'
import { printFacts, printRows } from './row-printer.js'

export const reportFormats = [...formats, 'html'] as const

export interface ReportOptions extends Omit<OutputOptions, 'format'> {
  readonly format: (typeof reportFormats)[number]
  /** The section to print. The default is all sections, or the first if the format has only rows. */
  readonly section?: string
}

/**
 * Print a report. Formats that have only rows get its conclusion on standard error.
 *
 * @throws USAGE if the report does not have the section or the column
 */
export function printReport(
  { stdout: out, stderr }: Pick<Context, 'stdout' | 'stderr'>,
  report: Report,
  options: ReportOptions,
): void {
  const { format, column, section } = options
  const sections = section === undefined ? report.sections : [findSection(report, section)]
  if (format === 'html') out.write(toPage({ ...report, sections }))
  else if (format === 'csv' || format === 'value' || column.length > 0) {
    for (const { rows, columns } of sections.slice(0, 1)) {
      printRows(out, { format, column }, rows, columns)
    }
    if (report.conclusion !== undefined) stderr.write(`mixmatch: ${report.conclusion}\n`)
  } else if (format === 'json') printJson(out, report, sections)
  else printTables(out, report, sections)
}

function findSection(report: Report, name: string): Section {
  const section = report.sections.find(each => each.name === name)
  if (section) return section
  const names = report.sections.map(each => each.name).join(', ')
  throw new MixmatchError('USAGE', `--section ${name}: this report has ${names}.`)
}

/** The first line is the report without rows. Each row is one more line. */
function printJson(out: Output, report: Report, sections: readonly Section[]): void {
  const { title, verdict, conclusion = verdict, scope } = report
  const caveats = report.caveats.map(({ text }) => text)
  printFacts(out, wholeJson, { section: 'report', title, verdict, conclusion, ...scope, caveats })
  for (const { name, columns, rows } of sections) {
    for (const row of rows) printFacts(out, wholeJson, { section: name, ...inOrder(row, columns) })
  }
}

function printTables(out: Output, report: Report, sections: readonly Section[]): void {
  out.write(`${report.title}: ${report.verdict}\n\n`)
  printFacts(out, wholeTable, report.scope)
  for (const { text } of report.caveats) out.write(`\n! ${text}\n`)
  for (const { title, columns, rows, note } of sections) {
    out.write(`\n${title}\n${'-'.repeat(title.length)}\n`)
    if (note !== undefined && rows.length > 0) out.write(`${note}\n`)
    if (rows.length === 0) out.write('none\n')
    else printRows(out, wholeTable, rows, columns)
  }
  if (report.conclusion !== undefined) out.write(`\nConclusion: ${report.conclusion}\n`)
}

function inOrder(row: Cells, columns: readonly string[]): Cells {
  return Object.fromEntries(columns.map(column => [column, row[column] ?? null]))
}
