import { setTimeout } from 'node:timers/promises'
import { Command } from 'commander'
import { eventRow } from '../../api/event-row.js'
import { parseWhole } from '../../cli/arguments.js'
import type { Context } from '../../cli/context.js'
import { logOption, openCommandHistory } from '../../cli/log-files.js'
import {
  columnOption,
  formatOption,
  formats,
  type OutputOptions,
} from '../../cli/output-options.js'
import { createRowPrinter } from '../../cli/row-printer.js'
import { position } from '../../ids.js'

/** How often --follow reads the log. */
const FOLLOW_MS = 200

interface TailOptions extends OutputOptions {
  readonly lines: number
  readonly follow?: true
}

export function tailCommand(context: Context): Command {
  return new Command('tail')
    .description('Print the newest events, oldest first.')
    .option(...logOption)
    .option('-n, --lines <count>', 'number of events', parseWhole, 10)
    .option('-f, --follow', 'print new events until interrupted')
    .addOption(formatOption(formats, '--format <format>'))
    .addOption(columnOption())
    .addHelpText('after', '\nExample: mixmatch log tail -f --format json | jq .event_type')
    .action(async (options: TailOptions, command: Command) => {
      using log = openCommandHistory(command, context)
      let seen = position(Math.max(0, log.head().position - options.lines))
      const catchInterrupt = new AbortController()
      const print = createRowPrinter(context.stdout, options)
      const stop = () => catchInterrupt.abort()
      process.once('SIGINT', stop)
      try {
        do {
          const events = [...log.read({ after: seen })]
          print(events.map(eventRow))
          seen = events.at(-1)?.position ?? seen
        } while (options.follow && (await pause(catchInterrupt.signal)))
      } finally {
        process.removeListener('SIGINT', stop)
      }
    })
}

/** @returns false if it was interrupted */
async function pause(signal: AbortSignal): Promise<boolean> {
  await setTimeout(FOLLOW_MS, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}
