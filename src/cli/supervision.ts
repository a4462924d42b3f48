import type { Command } from 'commander'
import { pinRestartOptions } from '../config/config-changes.js'
import { createLogger } from '../logger.js'
import { listenToSignals } from '../process/signals.js'
import { supervise } from '../process/supervise.js'
import { configArguments, loadReloadableConfig, logWarnings } from './command-config.js'
import type { Context } from './context.js'
import { endWithLoggedFailure } from './logged-failure.js'

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
