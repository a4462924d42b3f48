import { Command, Option } from 'commander'
import { loadConfig, loadReloadableConfig, logWarnings } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { endWithLoggedFailure } from '../cli/logged-failure.js'
import { acceptLostLog, newLogOption } from '../cli/lost-log.js'
import type { Config } from '../config/config.js'
import { createLogger } from '../logger.js'
import { answerStatusRequests, onCommand, tellReady } from '../process/child-messages.js'
import { record } from '../process/record.js'
import { createRecorderReporter } from '../process/recorder-report.js'
import { releaseMemoryWhenQuiet } from '../process/release-memory.js'
import { listenToSignals, waitForSupervisorStop } from '../process/signals.js'
import { viewsFileOf } from '../projection/views-file.js'

interface RecordOptions {
  readonly supervised?: true
  readonly newLog?: boolean
}

export function recordCommand(context: Context): Command {
  return new Command('record')
    .description('Run the recorder alone: record the notifications of every cloud.')
    .addOption(new Option('--supervised', 'as a part of "mixmatch serve"').hideHelp())
    .option(...newLogOption)
    .addHelpText(
      'after',
      '\nOn SIGTERM it writes all notifications that it holds to the disk, and ends.\n' +
        'On SIGHUP it reloads the configuration.\nExample: mixmatch record',
    )
    .action(async ({ supervised, newLog = false }: RecordOptions, command: Command) => {
      if (supervised) return recordSupervised(context, command)
      if (newLog) await acceptLostLog(loadConfig(command, context).database.file)
      return recordByItself(context, command)
    })
}

async function recordSupervised(context: Context, command: Command): Promise<void> {
  const stop = waitForSupervisorStop()
  const config = loadConfig(command, context)
  const logger = createLogger(config.logging, 'recorder')
  onCommand('reopen-log', logger.reopen)
  const files = filesOf(config, 'serve')
  const reporter = createRecorderReporter(files)
  const sendStatus = answerStatusRequests(reporter.report)
  const clouds = config.clouds.map(({ name }) => name)
  await record(
    config,
    files,
    logger,
    stop,
    recording => {
      reporter.begin(recording)
      logger.info({ clouds }, 'recording')
      tellReady()
      releaseMemoryWhenQuiet()
    },
    reporter.onAppended,
  )
  reporter.end()
  await sendStatus()
  logger.info('stopped')
}

async function recordByItself(context: Context, command: Command): Promise<void> {
  const signals = listenToSignals()
  const { initial, read } = loadReloadableConfig(command, context)
  const { config } = initial
  const logger = createLogger(config.logging, 'recorder')
  logWarnings(initial, logger)
  const files = filesOf(config, 'record')
  // a supervised recorder does not need the modules of the port for operators
  const { runStandaloneRecorder } = await import('../process/standalone-recorder.js')
  await endWithLoggedFailure(context, config, logger, () =>
    runStandaloneRecorder({ initial, read, files, env: context.env, signals, logger }),
  )
  logger.info('stopped')
}

function filesOf({ database: { file } }: Config, command: string) {
  return { logFile: file, viewsFile: viewsFileOf(file), command }
}
