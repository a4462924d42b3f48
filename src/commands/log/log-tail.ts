import { setTimeout } from 'node:timers/promises'
import { Command, Option } from 'commander'
import type { Context } from '../../cli/context.js'
import { eventRow } from '../../cli/event-row.js'
import { logOption, openHistoryOf } from '../../cli/files.js'
import { type Format, formats, parseWhole, printRows } from '../../cli/output.js'
import { position } from '../../ids.js'

/** How often a log that is followed is looked at. */
const FOLLOW_MS = 200

export function tailCommand(context: Context): Command {
  return new Command('tail')
    .description('The newest events, oldest first.')
    .option(...logOption)
    .option('-n, --lines <count>', 'how many', parseWhole, 10)
    .option('-f, --follow', 'go on with every event that is recorded, until interrupted')
    .addOption(new Option('--format <format>').choices(formats).default('table'))
    .addHelpText('after', '\nExample: mixmatch log tail -f --format json | jq .event_type')
    .action(async (options: { lines: number; follow?: true; format: Format }, command: Command) => {
      using log = openHistoryOf(command, context)
      let seen = position(Math.max(0, log.head().position - options.lines))
      const interrupted = new AbortController()
      const stop = () => interrupted.abort()
      process.once('SIGINT', stop)
      try {
        do {
          const events = [...log.read({ after: seen })]
          printRows(context.stdout, options.format, events.map(eventRow))
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
