import { Command } from 'commander'
import { configOf } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { dealWithLostLog, newLogOption } from '../cli/log-files.js'
import { superviseHalves } from '../cli/supervision.js'

export function serveCommand(context: Context): Command {
  return new Command('serve')
    .description('Record the notifications of every cloud and serve the proxy.')
    .option(...newLogOption)
    .addHelpText(
      'after',
      '\nEnds with 0 on SIGTERM, when running requests are finished (graceful_timeout) and what was\n' +
        'heard is on the disk; with 1 if it cannot run; with 2 if the configuration is wrong.\n' +
        'Takes a new configuration on SIGHUP, without dropping a connection.\n' +
        'Example: mixmatch serve',
    )
    .action(async ({ newLog = false }: { newLog?: boolean }, command: Command) => {
      dealWithLostLog(configOf(command, context).database.file, newLog)
      await superviseHalves(context, command, { recorder: true })
    })
}
