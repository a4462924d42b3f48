import { Command, Option } from 'commander'
import { reportAnomalies } from '../audit/anomaly-report.js'
import { reportDrift } from '../audit/drift-report.js'
import { reportPlacement } from '../audit/placement-report.js'
import { addProvenance, recordProvenance } from '../audit/provenance.js'
import type { Report } from '../audit/report.js'
import { reportResidency } from '../audit/residency-report.js'
import { reportSummary } from '../audit/summary-report.js'
import { reportVerification } from '../audit/verification-report.js'
import { namesOption, parseNames, parsePointOption } from '../cli/arguments.js'
import type { Context } from '../cli/context.js'
import { openCommandHistory } from '../cli/log-files.js'
import {
  checkChainOf,
  createReportCommand,
  formatExample,
  parseTimeOption,
  parseTypes,
  printReportOf,
  type ReportCommandOptions,
  silenceOption,
} from '../cli/report-command.js'
import { printReport } from '../cli/report-output.js'
import { projectId, type ResourceType } from '../ids.js'
import { POINT_FORMS, type Point } from '../replay/point.js'

/** `mixmatch audit`: reports from log files only. They also work on a copy and write no files next to it. */
export function auditCommand(context: Context): Command {
  const audit = new Command('audit').description(
    'Print reports about an event log. A copy of the file is enough, also on a read-only medium.',
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
  return createReportCommand(
    'summary',
    'resources by cloud, type and project, silences and gaps of the buses, and conflicts',
  )
    .addOption(silenceOption())
    .addHelpText('after', formatExample('summary --format html > summary.html'))
    .action((options: ReportCommandOptions & { silence: number }, command: Command) =>
      printReportOf(context, command, options, database =>
        reportSummary(database, options.silence),
      ),
    )
}

function placementCommand(context: Context): Command {
  return createReportCommand('placement', 'which resources were in which cloud at a time')
    .option(
      '--at <point>',
      `what was there then: ${POINT_FORMS}; times are those of the clouds’ clocks`,
      parsePointOption,
    )
    .addOption(namesOption('--project <ids>', 'only these projects, separated by commas'))
    .addOption(namesOption('--sp <names>', 'only these clouds, separated by commas'))
    .addOption(
      new Option('--type <types>', 'only image, volume, snapshot, …, separated by commas')
        .default([], 'all')
        .argParser(parseTypes),
    )
    .addOption(silenceOption())
    .addHelpText('after', formatExample('placement --at 2026-11-23T13:20 --sp sp1'))
    .action(
      (
        options: ReportCommandOptions & {
          at?: Point
          project: readonly string[]
          sp: readonly string[]
          type: readonly ResourceType[]
          silence: number
        },
        command: Command,
      ) => {
        const { at, silence } = options
        const question = {
          projects: options.project.map(projectId),
          serviceProviders: options.sp,
          types: options.type,
          at: at && 'time' in at ? at.time : null,
          silence,
        }
        return printReportOf(
          context,
          command,
          options,
          database => reportPlacement(database, question),
          {
            at,
            clouds: { '--sp': options.sp },
            projects: { '--project': question.projects },
          },
        )
      },
    )
}

function residencyCommand(context: Context): Command {
  return createReportCommand(
    'residency',
    'whether a project ever had resources in clouds where they must not be',
  )
    .requiredOption('--project <ids>', 'the projects, separated by commas', parseNames)
    .requiredOption(
      '--not-at <names>',
      'the clouds where they must not be, separated by commas',
      parseNames,
    )
    .option('--from <time>', 'by the clocks of the clouds; UTC without a zone', parseTimeOption)
    .option('--until <time>', 'by the clocks of the clouds; UTC without a zone', parseTimeOption)
    .addOption(silenceOption())
    .addHelpText(
      'after',
      `\nExits 1 and prints the evidence if one of them was there.${formatExample('residency --project 3f… --not-at sp1,sp2')}`,
    )
    .action(
      (
        options: ReportCommandOptions & {
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
        return printReportOf(
          context,
          command,
          options,
          database =>
            exitIfFound(
              context,
              reportResidency(database, { projects, notAt, from, until, silence }),
            ),
          { clouds: { '--not-at': notAt }, projects: { '--project': projects } },
        )
      },
    )
}

function anomaliesCommand(context: Context): Command {
  return createReportCommand('anomalies', 'events that contradict each other')
    .addOption(silenceOption())
    .addHelpText(
      'after',
      `\nExits 1 if there are any.${formatExample('anomalies --format csv > anomalies.csv')}`,
    )
    .action((options: ReportCommandOptions & { silence: number }, command: Command) =>
      printReportOf(context, command, options, database =>
        exitIfFound(context, reportAnomalies(database, options.silence)),
      ),
    )
}

function driftCommand(context: Context): Command {
  return createReportCommand(
    'drift',
    'the differences between clouds and log that reconcile found, and when it ran last',
  )
    .addHelpText('after', `\nExits 1 if there are any.${formatExample('drift')}`)
    .action((options: ReportCommandOptions, command: Command) =>
      printReportOf(context, command, options, database =>
        exitIfFound(context, reportDrift(database)),
      ),
    )
}

/** The report; the command exits with 1 if it found something. */
function exitIfFound(context: Context, { report, found }: { report: Report; found: boolean }) {
  if (found) context.setExitCode(1)
  return report
}

function verifyCommand(context: Context): Command {
  return createReportCommand('verify', 'whether the log was changed since it was recorded')
    .addHelpText(
      'after',
      `\nExits 1 if something does not hold.${formatExample('verify --log copy.db --anchors anchors.ndjson')}`,
    )
    .action(async (options: ReportCommandOptions, command: Command) => {
      using history = openCommandHistory(command, context)
      const chain = await checkChainOf(history, options, context)
      const provenance = recordProvenance(history, chain)
      printReport(
        context,
        addProvenance(reportVerification(history, chain), history, provenance),
        options,
      )
    })
}
