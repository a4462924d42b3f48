import { Command, Option } from 'commander'
import { reportAnomalies } from '../audit/anomaly-report.js'
import { type AuditDatabase, openAuditDatabase } from '../audit/audit-database.js'
import { reportDrift } from '../audit/drift-report.js'
import { reportPlacement } from '../audit/placement-report.js'
import type { Report } from '../audit/report.js'
import { reportResidency } from '../audit/residency-report.js'
import { reportSummary } from '../audit/summary-report.js'
import { reportVerification } from '../audit/verification-report.js'
import { parseHash, parseNames, parsePointOption } from '../cli/arguments.js'
import type { Context } from '../cli/context.js'
import { type NamedFilter, requireKnownNames } from '../cli/known-names.js'
import { logOption, openHistoryOf } from '../cli/log-files.js'
import { columnOption, formatOption } from '../cli/output-options.js'
import { progressOn } from '../cli/progress.js'
import { printReport, type ReportOptions, reportFormats } from '../cli/report-output.js'
import { MixmatchError } from '../errors.js'
import { isResourceType, type Position, projectId, type ResourceType } from '../ids.js'
import type { History } from '../log/history.js'
import { POINT_FORMS, type Point, parsePoint, positionAt } from '../replay/point.js'

/** Reports over a log file alone: a copy of it is enough, and nothing is left beside it. */
export function auditCommand(context: Context): Command {
  const audit = new Command('audit').description(
    'Reports over an event log: a copied file is enough, on a read-only medium too.',
  )
  for (const command of [
    summaryCommand,
    placementCommand,
    residencyCommand,
    anomaliesCommand,
    driftCommand,
    verifyCommand,
  ]) {
    audit.addCommand(command(context))
  }
  return audit
}

function summaryCommand(context: Context): Command {
  return reporting('summary', 'what there is and was, per cloud, type and project')
    .addOption(silenceOption())
    .addHelpText('after', example('summary --format html > summary.html'))
    .action((options: ReportOptions & { silence: number }, command: Command) => {
      print(context, command, options, database => reportSummary(database, options.silence))
    })
}

function placementCommand(context: Context): Command {
  return reporting('placement', 'what was where at a time')
    .option(
      '--at <point>',
      `by the clouds’ clocks, or a position of the log: ${POINT_FORMS}`,
      parsePointOption,
    )
    .option('--project <ids>', 'only of these, by commas', parseNames, [])
    .option('--sp <names>', 'only at these clouds, by commas', parseNames, [])
    .option('--type <types>', 'only image, volume, snapshot, …, by commas', types, [])
    .addHelpText('after', example('placement --at 2026-11-23T13:20 --sp sp1'))
    .action(
      (
        options: ReportOptions & {
          at?: Point
          project: readonly string[]
          sp: readonly string[]
          type: readonly ResourceType[]
        },
        command: Command,
      ) => {
        const { at } = options
        const filter = {
          projects: options.project.map(projectId),
          serviceProviders: options.sp,
          types: options.type,
        }
        const time = at && 'time' in at ? at.time : null
        print(context, command, options, database => reportPlacement(database, filter, time), {
          at,
          clouds: { '--sp': options.sp },
          projects: { '--project': filter.projects },
        })
      },
    )
}

function residencyCommand(context: Context): Command {
  return reporting('residency', 'whether anything of a project was ever where it must not be')
    .requiredOption('--project <ids>', 'whose, by commas', parseNames)
    .requiredOption('--not-at <names>', 'the clouds where it must not be, by commas', parseNames)
    .option('--from <time>', 'by the clouds’ clocks, UTC where it does not say', time)
    .option('--until <time>', 'by the clouds’ clocks, UTC where it does not say', time)
    .addOption(silenceOption())
    .addHelpText(
      'after',
      `\nExits 1 with the evidence if it was.${example('residency --project 3f… --not-at sp1,sp2')}`,
    )
    .action(
      (
        options: ReportOptions & {
          project: readonly string[]
          notAt: readonly string[]
          from?: number
          until?: number
          silence: number
        },
        command: Command,
      ) => {
        const { notAt, from = null, until = null, silence } = options
        const projects = options.project.map(projectId)
        print(
          context,
          command,
          options,
          database => {
            const found = reportResidency(database, { projects, notAt, from, until, silence })
            if (found.breached) context.setExitCode(1)
            return found.report
          },
          { clouds: { '--not-at': notAt }, projects: { '--project': projects } },
        )
      },
    )
}

function anomaliesCommand(context: Context): Command {
  return reporting('anomalies', 'what does not fit together')
    .addOption(silenceOption())
    .addHelpText('after', example('anomalies --format csv > anomalies.csv'))
    .action((options: ReportOptions & { silence: number }, command: Command) => {
      print(context, command, options, database => reportAnomalies(database, options.silence))
    })
}

function driftCommand(context: Context): Command {
  return reporting('drift', 'what reconciling found to be otherwise than the log had it')
    .addHelpText('after', example('drift'))
    .action((options: ReportOptions, command: Command) => {
      print(context, command, options, reportDrift)
    })
}

function verifyCommand(context: Context): Command {
  return reporting('verify', 'whether the log is what was recorded')
    .option('--head <hash>', 'a head noted down earlier, which must be in it', parseHash)
    .addHelpText('after', `\nExits 1 if something does not hold.${example('verify --log copy.db')}`)
    .action(async (options: ReportOptions & { head?: string }, command: Command) => {
      using history = openHistoryOf(command, context)
      const total = history.head().position - history.base().position
      using progress = progressOn(context.stderr, 'verifying', total)
      const told = (events: number) => progress.at(events)
      const { report, holds } = await reportVerification(history, options.head, told)
      if (!holds) context.setExitCode(1)
      printReport(context.stdout, report, options)
    })
}

function reporting(name: string, description: string): Command {
  return new Command(name)
    .description(`Report ${description}.`)
    .option(...logOption)
    .addOption(formatOption(reportFormats))
    .addOption(columnOption())
    .option('--section <name>', 'only one part of the report')
}

function print(
  context: Context,
  command: Command,
  options: ReportOptions,
  reportOn: (database: AuditDatabase) => Report,
  { at, ...names }: NamedFilter & { readonly at?: Point | undefined } = {},
): void {
  using history = openHistoryOf(command, context)
  requireKnownNames(history, names, command, context)
  const upTo = at && 'position' in at ? positionAt(history, at) : undefined
  using database = openWatched(history, upTo, context)
  printReport(context.stdout, reportOn(database), options)
}

/** The line of progress is gone before the report is printed. */
function openWatched(
  history: History,
  upTo: Position | undefined,
  context: Context,
): AuditDatabase {
  using progress = progressOn(context.stderr, 'reading', 0)
  return openAuditDatabase(history, upTo, (done, of) => progress.at(done, of))
}

function silenceOption(): Option {
  return new Option('--silence <hours>', 'how long a bus may say nothing')
    .default(24 * HOUR, '24')
    .argParser(text => {
      const hours = Number(text)
      if (hours > 0) return hours * HOUR
      throw new MixmatchError('USAGE', `--silence: expected hours, found "${text}".`)
    })
}

const HOUR = 3600e6 // in microseconds

function example(args: string): string {
  return `\nExample: mixmatch audit ${args}`
}

function types(text: string, others: readonly ResourceType[]): ResourceType[] {
  return [
    ...others,
    ...parseNames(text).map(type => {
      if (isResourceType(type)) return type
      throw new MixmatchError('USAGE', `--type: "${type}" is nothing that can be located.`)
    }),
  ]
}

function time(text: string): number {
  const point = parsePoint(text)
  if ('time' in point) return point.time
  const message = `"${text}": expected a time such as 2026-11-23T13:20, not a position.`
  throw new MixmatchError('USAGE', message)
}
