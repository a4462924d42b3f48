import type { Command } from 'commander'
import { logWarnings, readingOf, sameConfiguration } from '../cli/configuration.js'
import type { Context } from '../cli/context.js'
import { pinned } from '../config/changes.js'
import { createLogger } from '../logger.js'
import { listenToSignals } from '../process/signals.js'
import { supervise } from '../process/supervise.js'

/** Run the proxy's workers, and the recorder beside them or not, until asked to stop. */
export async function superviseHalves(
  context: Context,
  command: Command,
  { recorder }: { recorder: boolean },
): Promise<void> {
  const signals = listenToSignals()
  const { reading, read } = readingOf(command, context)
  const { logging, server } = reading.config
  const logger = createLogger(logging, 'mixmatch')
  logWarnings(reading, logger)
  const plan = {
    mainScript: context.mainScript,
    options: sameConfiguration(command),
    env: { ...context.env, ...pinned(reading.settings) },
    recorder,
    workers: server.workers,
  }
  const code = await supervise({ plan, reading, read, signals, logger })
  logger.info('stopped')
  context.setExitCode(code === 0 || code === 2 ? code : 1)
}
