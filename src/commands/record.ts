import { Command } from 'commander'
import { createLogger } from '../logger.js'
import { sayReady } from '../process/children.js'
import { record } from '../process/record.js'
import { askedToStop } from '../process/signals.js'
import { configOf } from './configuration.js'
import type { Context } from './context.js'
import { viewsFileOf } from './files.js'

export function recordCommand(context: Context): Command {
  return new Command('record')
    .description('Record the notifications of every cloud, without serving requests.')
    .addHelpText(
      'after',
      '\nEnds on SIGTERM when all that it holds is on the disk.\nExample: mixmatch record',
    )
    .action(async (_options: object, command: Command) => {
      const config = configOf(command, context)
      const logger = createLogger(config.logging, 'recorder')
      const logFile = config.database.file
      const files = { logFile, viewsFile: viewsFileOf(logFile), command: 'record' }
      const asked = askedToStop()
      await record(config, files, logger, asked, () => {
        logger.info({ clouds: config.clouds.map(({ name }) => name) }, 'recording')
        sayReady()
      })
      logger.info('stopped')
    })
}
