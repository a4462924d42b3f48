import { setTimeout } from 'node:timers/promises'
import { Command } from 'commander'
import { parseWhole } from '../../cli/arguments.js'
import type { Context } from '../../cli/context.js'
import { eventRow } from '../../cli/event-row.js'
import { logOption, openHistoryOf } from '../../cli/log-files.js'
import {
  columnOption,
  formatOption,
  formats,
  type OutputOptions,
} from '../../cli/output-options.js'
import { createRowPrinter } from '../../cli/row-printer.js'
import { position } from '../../ids.js'

/** How often a log that is followed is looked at. */
const FOLLOW_MS = 200

interface Options extends OutputOptions {
  readonly lines: number
  readonly follow?: true
}

export function tailCommand(context: Context): Command {
  return new Command('tail')
    .description('The newest events, oldest first.')
    .option(...logOption)
    .option('-n, --lines <count>', 'how many', parseWhole, 10)
    .option('-f, --follow', 'go on with every event that is recorded, until interrupted')
    .addOption(formatOption(formats, '--format <format>'))
    .addOption(columnOption())
    .addHelpText('after', '\nExample: mixmatch log tail -f --format json | jq .event_type')
    .action(async (options: Options, command: Command) => {
      using log = openHistoryOf(command, context)
      let seen = position(Math.max(0, log.head().position - options.lines))
      const interrupted = new AbortController()
      const print = createRowPrinter(context.stdout, options)
      const stop = () => interrupted.abort()
      process.once('SIGINT', stop)
      try {
        do {
          const events = [...log.read({ after: seen })]
          print(events.map(eventRow))
          seen = events.at(-1)?.position ?? seen
        } while (options.follow && (await pause(interrupted.signal)))
      } finally {
        process.removeListener('SIGINT', stop)
      }
    })
}

/** @returns false where it was interrupted */
async function pause(signal: AbortSignal): Promise<boolean> {
  await setTimeout(FOLLOW_MS, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}
