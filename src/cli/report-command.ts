import { Command, Option } from 'commander'
import { type AuditDatabase, openAuditDatabase } from '../audit/audit-database.js'
import type { Report } from '../audit/report.js'
import { MixmatchError } from '../errors.js'
import { isResourceType, type Position, type ResourceType, resourceTypes } from '../ids.js'
import type { History } from '../log/history.js'
import { type Point, parsePoint, positionAt } from '../replay/point.js'
import { parseNames } from './arguments.js'
import type { Context } from './context.js'
import { type NamedFilter, requireKnownNames } from './known-names.js'
import { logOption, openCommandHistory } from './log-files.js'
import { columnOption, formatOption } from './output-options.js'
import { showProgress } from './progress.js'
import { printReport, type ReportOptions, reportFormats } from './report-output.js'

/** Create a subcommand of `audit` with the options of all reports. */
export function createReportCommand(name: string, description: string): Command {
  return new Command(name)
    .description(`Report ${description}.`)
    .option(...logOption)
    .addOption(formatOption(reportFormats))
    .addOption(columnOption())
    .option('--section <name>', 'only one section of the report')
}

/** Open the history of a command, make its report and print it. */
export function printReportOf(
  context: Context,
  command: Command,
  options: ReportOptions,
  reportOn: (database: AuditDatabase) => Report,
  { at, ...names }: NamedFilter & { readonly at?: Point | undefined } = {},
): void {
  using history = openCommandHistory(command, context)
  requireKnownNames(history, names, command, context)
  const upTo = at && 'position' in at ? positionAt(history, at) : undefined
  using database = openWithProgress(history, upTo, context)
  printReport(context.stdout, reportOn(database), options)
}

/** The progress line is cleared before the report is printed. */
function openWithProgress(
  history: History,
  upTo: Position | undefined,
  context: Context,
): AuditDatabase {
  using progress = showProgress(context.stderr, 'reading', 0)
  return openAuditDatabase(history, upTo, (done, of) => progress.at(done, of))
}

/** `--silence HOURS`; the value is in microseconds. */
export function silenceOption(): Option {
  return new Option('--silence <hours>', 'report a bus that is silent for longer')
    .default(24 * HOUR, '24')
    .argParser(text => {
      const hours = Number(text)
      if (hours > 0) return hours * HOUR
      throw new MixmatchError('USAGE', `--silence: expected hours, found "${text}".`)
    })
}

const HOUR = 3600e6 // in microseconds

/** The last line of the help of a report. */
export function formatExample(args: string): string {
  return `\nExample: mixmatch audit ${args}`
}

/** For commander: parse resource types that are separated by commas. */
export function parseTypes(text: string, others: readonly ResourceType[]): ResourceType[] {
  return [
    ...others,
    ...parseNames(text).map(type => {
      if (isResourceType(type)) return type
      throw new MixmatchError(
        'USAGE',
        `--type: "${type}" is no type of resource. Expected ${resourceTypes.join(', ')}.`,
      )
    }),
  ]
}

/** For commander: parse a time, not a position. Returns microseconds. */
export function parseTimeOption(text: string): number {
  const point = parsePoint(text)
  if ('time' in point) return point.time
  const message = `"${text}": expected a time such as 2026-11-23T13:20, not a position.`
  throw new MixmatchError('USAGE', message)
}
