import { Command } from 'commander'
import { loadConfig } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { acceptLostLog, newLogOption } from '../cli/lost-log.js'
import { runSupervised } from '../cli/supervision.js'

export function serveCommand(context: Context): Command {
  return new Command('serve')
    .description('Run recorder and proxy.')
    .option(...newLogOption)
    .addHelpText(
      'after',
      '\nOn SIGTERM it finishes running requests (graceful_timeout), writes all notifications to the disk, and\n' +
        'exits with 0. It exits with 1 if it cannot run, with 2 if the configuration is wrong.\n' +
        'On SIGHUP it reloads the configuration without dropping a connection.\n' +
        'Example: mixmatch serve',
    )
    .action(async ({ newLog = false }: { newLog?: boolean }, command: Command) => {
      if (newLog) await acceptLostLog(loadConfig(command, context).database.file)
      await runSupervised(context, command, { recorder: true })
    })
}
