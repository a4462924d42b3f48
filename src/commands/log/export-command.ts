import { Command } from 'commander'
import { parseWhole } from '../../cli/arguments.js'
import type { Context } from '../../cli/context.js'
import { logOption, openCommandHistory } from '../../cli/log-files.js'
import { showProgress } from '../../cli/progress.js'
import { position } from '../../ids.js'
import type { LogReader } from '../../log/event-log.js'
import { toLine } from '../../log/portable.js'
import { requirePosition } from '../../replay/point.js'

export function exportCommand(context: Context): Command {
  return new Command('export')
    .description('Print every event as a line of JSON, without loss and in order.')
    .option(...logOption)
    .option('--from <position>', 'position of the first event', parseWhole)
    .option('--until <position>', 'position of the last event', parseWhole)
    .addHelpText('after', '\nExample: mixmatch log export | gzip > events.ndjson.gz')
    .action(async (options: { from?: number; until?: number }, command: Command) => {
      using log = openCommandHistory(command, context)
      const range = {
        after: position(Math.max(0, firstOf(log, options.from) - 1)),
        upTo:
          options.until === undefined ? log.head().position : requirePosition(log, options.until),
      }
      using progress = showProgress(context.stderr, 'exporting', range.upTo - range.after)
      for (const event of log.read(range)) {
        progress.at(event.position - range.after)
        if (!context.stdout.write(`${toLine(event)}\n`)) await context.stdout.drained()
      }
    })
}

function firstOf(log: LogReader, from: number | undefined): number {
  return from === undefined ? 1 : requirePosition(log, from)
}
