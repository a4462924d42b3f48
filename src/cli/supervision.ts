import type { Command } from 'commander'
import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import { pinRestartOptions } from '../config/config-changes.js'
import { MixmatchError } from '../errors.js'
import { createLogger } from '../logger.js'
import { listenToSignals } from '../process/signals.js'
import { supervise } from '../process/supervise.js'
import { ChildFailed } from '../process/supervised-child.js'
import { configArguments, loadReloadableConfig, logWarnings } from './command-config.js'
import type { Context } from './context.js'

/** Run the workers, and the recorder if asked for, as child processes until a signal stops them. */
export async function runSupervised(
  context: Context,
  command: Command,
  { recorder }: { recorder: boolean },
): Promise<void> {
  const signals = listenToSignals()
  const { initial, read } = loadReloadableConfig(command, context)
  const { logging, server } = initial.config
  const logger = createLogger(logging, 'supervisor')
  logWarnings(initial, logger)
  const plan = {
    mainScript: context.mainScript,
    options: configArguments(command),
    env: { ...context.env, ...pinRestartOptions(initial.settings) },
    recorder,
    workers: server.workers,
  }
  await endWithLoggedFailure(context, initial.config, logger, () =>
    supervise({ plan, initial, read, signals, logger }),
  )
  logger.info('stopped')
}

/** Run a service until it ends. Log an error that ended it, and print it if the log is a file. */
export async function endWithLoggedFailure(
  context: Context,
  { logging }: Config,
  logger: Logger,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run()
  } catch (error) {
    const isKnown = error instanceof ChildFailed || error instanceof MixmatchError
    if (!isKnown) throw error
    logger.error(error.message)
    if (logging.file !== null) context.stderr.write(`mixmatch: ${error.message}\n`)
    context.setExitCode((error instanceof ChildFailed ? error.exitCode : error.exit) === 2 ? 2 : 1)
  }
}
