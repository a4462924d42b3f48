import { existsSync } from 'node:fs'
import { Command } from 'commander'
import type { Context } from '../cli/context.js'
import { logOption, resolveLogFile } from '../cli/log-files.js'
import { type OutputOptions, withOutputOptions } from '../cli/output-options.js'
import { showProgress } from '../cli/progress.js'
import { printFacts, printRows } from '../cli/row-printer.js'
import { MixmatchError } from '../errors.js'
import { historyFiles } from '../log/history.js'
import { holdLog } from '../log/holder.js'
import { openLogReader } from '../log/open-log.js'
import { checkViews } from '../projection/check.js'
import { rebuildViews } from '../projection/open-views.js'
import { viewsFileOf } from '../projection/views-file.js'

export function viewsCommand(context: Context): Command {
  return new Command('views')
    .description('Rebuild the views of the log, or compare them with it.')
    .addCommand(rebuildCommand(context))
    .addCommand(checkCommand(context))
}

function rebuildCommand(context: Context): Command {
  return new Command('rebuild')
    .description('Rebuild the views from the log. The recorder must not run.')
    .option(...logOption)
    .addHelpText('after', '\nExample: mixmatch views rebuild')
    .action(async (_options: object, command: Command) => {
      const file = resolveLogFile(command, context)
      openLogReader(file)[Symbol.dispose]() // throws if the file is no log
      using _held = holdLog(file, 'views rebuild')
      const begun = performance.now()
      using progress = showProgress(context.stderr, 'building', 0)
      const onProgress = (done: number, of: number) => progress.at(done, of)
      rebuildViews(viewsFileOf(file), historyFiles([file]), onProgress)
      const seconds = ((performance.now() - begun) / 1000).toFixed(2)
      context.stderr.write(`${viewsFileOf(file)}: built from ${file} in ${seconds} s\n`)
    })
}

function checkCommand(context: Context): Command {
  return withOutputOptions(new Command('check'))
    .description('Build the views in a temporary file and compare them with the existing ones.')
    .option(...logOption)
    .addHelpText(
      'after',
      '\nPrints the rows that differ, and exits with 1 if there are any.\nExample: mixmatch views check',
    )
    .action(async (options: OutputOptions, command: Command) => {
      const file = resolveLogFile(command, context)
      openLogReader(file)[Symbol.dispose]()
      const views = viewsFileOf(file)
      if (!existsSync(views)) {
        const message = `${views}: there are no views yet. mixmatch views rebuild makes them.`
        throw new MixmatchError('USAGE', message)
      }
      const { position, rows, differences } = checkViews(views, historyFiles([file]))
      if (options.format !== 'table') {
        printFacts(context.stdout, options, {
          ok: differences.length === 0,
          position,
          rows,
          differences,
        })
      } else {
        printRows(
          context.stdout,
          options,
          differences.map(each => ({ ...each })),
        )
        if (differences.length === 0) {
          context.stdout.write(
            `${viewsFileOf(file)}: ${rows} rows as the log has them at ${position}\n`,
          )
        }
      }
      if (differences.length > 0) {
        context.stderr.write(
          'mixmatch: the views differ from the log. Rebuild them: mixmatch views rebuild\n',
        )
        context.setExitCode(1)
      }
    })
}
