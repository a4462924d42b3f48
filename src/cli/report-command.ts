import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { readAnchors } from '../anchor/anchor.js'
import { type AuditDatabase, openAuditDatabase } from '../audit/audit-database.js'
import { type ChainCheck, checkChain, type NotedHeads } from '../audit/chain-check.js'
import { addProjectNames, type ProjectNames, readProjectNames } from '../audit/project-names.js'
import { addProvenance, recordProvenance } from '../audit/provenance.js'
import type { Report } from '../audit/report.js'
import { MixmatchError } from '../errors.js'
import { isResourceType, type Position, type ResourceType, resourceTypes } from '../ids.js'
import type { History } from '../log/history.js'
import { type Point, parsePoint, positionAt } from '../replay/point.js'
import { parseHash, parseNames } from './arguments.js'
import type { Context } from './context.js'
import { type NamedFilter, requireKnownNames } from './known-names.js'
import { logOption, openCommandHistory } from './log-files.js'
import { columnOption, formatOption } from './output-options.js'
import { showProgress } from './progress.js'
import { printReport, type ReportOptions, reportFormats } from './report-output.js'

/** The options of all reports. */
export interface ReportCommandOptions extends ReportOptions {
  readonly verify?: true
  readonly head?: string
  readonly anchors?: string
  readonly tsaCa?: string
  readonly names?: string
}

/** Create a subcommand of `audit` with the options of all reports. */
export function createReportCommand(name: string, description: string): Command {
  return new Command(name)
    .description(`Report ${description}.`)
    .option(...logOption)
    .addOption(formatOption(reportFormats))
    .addOption(columnOption())
    .option('--section <name>', 'only one section of the report')
    .option(
      '--names <file>',
      'names of projects, to print beside ids: the output of "openstack project list -f json"',
    )
    .option('--verify', 'verify the chain of hashes before')
    .option('--head <hash>', 'verify that a hash noted earlier is in the log', parseHash)
    .option('--anchors <file>', 'verify that the heads in a file of "log anchor" are in the log')
    .option(
      '--tsa-ca <file>',
      'with --anchors: also verify the signatures of time stamps by these authorities (PEM; needs openssl)',
    )
}

/** Open the history of a command, make its report and print it. */
export async function printReportOf(
  context: Context,
  command: Command,
  options: ReportCommandOptions,
  reportOn: (database: AuditDatabase) => Report,
  { at, ...names }: NamedFilter & { readonly at?: Point | undefined } = {},
): Promise<void> {
  using history = openCommandHistory(command, context)
  requireKnownNames(history, names, command, context)
  const { verify, head, anchors } = options
  const mustVerify = verify ?? (head ?? anchors) !== undefined
  const chain = mustVerify ? await checkChainOf(history, options, context) : null
  // What a recorder appends from now on is neither verified nor read.
  const upTo = at && 'position' in at ? positionAt(history, at) : chain?.head.position
  const provenance = recordProvenance(history, chain)
  const projectNames = readNames(options, context)
  using database = openWithProgress(history, upTo, context)
  const named = addProjectNames(reportOn(database), projectNames)
  const report = addProvenance(named, history, provenance)
  printReport(context, report, options)
}

/** Verify the history of a report. Sets the exit code if it does not hold. */
export async function checkChainOf(
  history: History,
  { head, anchors, tsaCa }: ReportCommandOptions,
  context: Context,
): Promise<ChainCheck> {
  const noted: NotedHeads = {
    head,
    anchors: anchors === undefined ? [] : readAnchors(resolve(context.cwd, anchors)),
    tsaCa: tsaCa === undefined ? undefined : resolve(context.cwd, tsaCa),
  }
  const total = history.head().position - history.base().position
  using progress = showProgress(context.stderr, 'verifying', total)
  const check = await checkChain(history, noted, events => progress.at(events))
  if (!check.holds) context.setExitCode(1)
  return check
}

function readNames({ names }: ReportCommandOptions, context: Context): ProjectNames {
  return names === undefined ? new Map() : readProjectNames(resolve(context.cwd, names))
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
