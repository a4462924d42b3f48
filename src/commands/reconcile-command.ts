import { Command } from 'commander'
import { loadConfig } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { openLogAppender } from '../cli/log-appender.js'
import { type OutputOptions, withOutputOptions } from '../cli/output-options.js'
import { createReconcileReport } from '../cli/reconcile-report.js'
import type { Config } from '../config/config.js'
import { MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'
import { openLogReader } from '../log/open-log.js'
import { createLogger } from '../logger.js'
import { viewsFileOf } from '../projection/views-file.js'
import { countDifferences } from '../reconcile/reconcile-events.js'
import { openReconciler } from '../reconcile/reconciler.js'

interface ReconcileOptions extends OutputOptions {
  readonly dryRun?: true
}

export function reconcileCommand(context: Context): Command {
  return withOutputOptions(new Command('reconcile'))
    .description('Compare the log with the resources of the clouds, and record the differences.')
    .argument('[clouds...]', 'names in [DEFAULT] service_providers (default: all)')
    .option('--dry-run', 'record nothing, and exit 1 if there are differences')
    .addHelpText(
      'after',
      '\nLists the resources of each cloud as the user of [sp_…], else of [auth]. Only an administrator sees\n' +
        'all projects; resources of projects that are not seen are never recorded as missing. Can run beside the\n' +
        'recorder, and again after it was catchInterrupt. Exits 1 if something could not be compared.\n' +
        'Example: mixmatch reconcile sp1 --dry-run',
    )
    .action((names: string[], options: ReconcileOptions, command: Command) =>
      reconcileClouds(names, options, loadConfig(command, context), context),
    )
}

async function reconcileClouds(
  names: readonly string[],
  options: ReconcileOptions,
  config: Config,
  context: Context,
): Promise<void> {
  const clouds = chooseClouds(config, names)
  const { dryRun = false } = options
  const logFile = config.database.file
  const files = { logFile, viewsFile: viewsFileOf(logFile), command: 'reconcile' }
  if (dryRun) openLogReader(logFile)[Symbol.dispose]() // throws if there is no log
  const logger = createLogger(config.logging, 'reconcile')
  logger.level = 'warn'
  await using log = await openLogAppender(files, logger, config.fleet.stream !== null)
  await using reconciler = openReconciler(config, files)
  const append = dryRun ? () => {} : log.append
  const { signal } = new AbortController() // Ctrl-C ends the process; the next run continues
  for (const cloud of clouds) {
    using report = createReconcileReport(context, cloud, options)
    const outcome = await reconciler.reconcile(cloud, { ...report.findings, append }, signal)
    report.close(outcome, !dryRun)
    const different = dryRun && countDifferences(outcome) > 0
    if (different || outcome.failed.length > 0) context.setExitCode(1)
  }
}

/** @throws USAGE */
function chooseClouds({ clouds }: Config, names: readonly string[]): SpName[] {
  const all = clouds.map(({ name }) => name)
  const unknown = names.filter(name => !all.some(each => each === name))
  if (unknown.length === 0)
    return names.length === 0 ? all : all.filter(each => names.includes(each))
  throw new MixmatchError(
    'USAGE',
    `${unknown.join(', ')}: expected clouds of [DEFAULT] service_providers: ${all.join(', ')}.`,
  )
}
