import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import { MixmatchError } from '../errors.js'
import { ChildFailed } from '../process/supervised-child.js'
import type { Context } from './context.js'

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
