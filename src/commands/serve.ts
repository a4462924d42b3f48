import { Command } from 'commander'
import type { Context } from '../cli/context.js'
import { superviseHalves } from './supervised.js'

export function serveCommand(context: Context): Command {
  return new Command('serve')
    .description('Record the notifications of every cloud and serve the proxy.')
    .addHelpText(
      'after',
      '\nEnds with 0 on SIGTERM, when running requests are finished (graceful_timeout) and what was\n' +
        'heard is on the disk; with 1 if it cannot run; with 2 if the configuration is wrong.\n' +
        'Takes a new configuration on SIGHUP, without dropping a connection.\n' +
        'Example: mixmatch serve',
    )
    .action(async (_options: object, command: Command) => {
      await superviseHalves(context, command, { recorder: true })
    })
}
