import { Command } from 'commander'
import type { Context } from '../../cli/context.js'
import { interrupted } from '../../cli/interrupt.js'
import { logFileOf, logOption, writtenFile } from '../../cli/log-files.js'
import { progressOn } from '../../cli/progress.js'
import { backUp } from '../../log/backup.js'
import { openLogReader } from '../../log/log.js'

export function backupCommand(context: Context): Command {
  return new Command('backup')
    .description('Copy the log into one file, while it is being recorded.')
    .argument('<file>', 'a new file')
    .option(...logOption)
    .addHelpText('after', '\nExample: mixmatch log backup /backup/events-2026-11-23.db')
    .action(async (given: string, _options: object, command: Command) => {
      const file = writtenFile(given, context)
      using log = openLogReader(logFileOf(command, context))
      using stop = interrupted()
      using progress = progressOn(context.stderr, 'copying', 0)
      const copied = (done: number, total: number) => progress.at(done, total)
      const head = await backUp(log, file, copied, stop.signal)
      context.stderr.write(`${file}: events up to ${head.position}, head ${head.hash}\n`)
    })
}
