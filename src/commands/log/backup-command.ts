import { Command } from 'commander'
import type { Context } from '../../cli/context.js'
import { catchInterrupt } from '../../cli/interrupt.js'
import { logOption, resolveLogFile, resolveOutputFile } from '../../cli/log-files.js'
import { showProgress } from '../../cli/progress.js'
import { backUp } from '../../log/backup.js'
import { openLogReader } from '../../log/open-log.js'

export function backupCommand(context: Context): Command {
  return new Command('backup')
    .description('Copy the log into a new file, also while it is being recorded.')
    .argument('<file>', 'path of the copy')
    .option(...logOption)
    .addHelpText('after', '\nExample: mixmatch log backup /backup/events-2026-11-23.db')
    .action(async (given: string, _options: object, command: Command) => {
      const file = resolveOutputFile(given, context)
      using log = openLogReader(resolveLogFile(command, context))
      using stop = catchInterrupt()
      using progress = showProgress(context.stderr, 'copying', 0)
      const copied = (done: number, total: number) => progress.at(done, total)
      const head = await backUp(log, file, copied, stop.signal)
      context.stderr.write(`${file}: events up to ${head.position}, head ${head.hash}\n`)
    })
}
