import { Command } from 'commander'
import { createLogger } from '../logger.js'
import { askedToStop } from '../process/signals.js'
import { supervise } from '../process/supervise.js'
import { configOf, sameConfiguration } from './configuration.js'
import type { Context } from './context.js'

export function serveCommand(context: Context): Command {
  return new Command('serve')
    .description('Record the notifications of every cloud and serve the proxy.')
    .addHelpText(
      'after',
      '\nEnds with 0 on SIGTERM, when running requests are finished (graceful_timeout) and what was\n' +
        'heard is on the disk; with 1 if it cannot run; with 2 if the configuration is wrong.\n' +
        'Example: mixmatch serve',
    )
    .action(async (_options: object, command: Command) => {
      const { server, logging } = configOf(command, context)
      const logger = createLogger(logging, 'mixmatch')
      const plan = {
        mainScript: context.mainScript,
        options: sameConfiguration(command),
        env: context.env,
        recorder: true,
        workers: server.workers,
      }
      const { host, port } = server
      const code = await supervise(plan, logger, askedToStop(), () =>
        logger.info({ host, port, workers: server.workers }, 'serving'),
      )
      logger.info('stopped')
      context.setExitCode(code === 0 || code === 2 ? code : 1)
    })
}
