import { Command } from 'commander'
import { eventRow } from '../../api/event-row.js'
import { parseWhole } from '../../cli/arguments.js'
import type { Context } from '../../cli/context.js'
import { logOption, openCommandHistory } from '../../cli/log-files.js'
import { type OutputOptions, withOutputOptions } from '../../cli/output-options.js'
import { printFacts } from '../../cli/row-printer.js'
import { MixmatchError } from '../../errors.js'
import { formatTime } from '../../event/time.js'
import { position } from '../../ids.js'
import { toLine } from '../../log/portable.js'
import { parsePythonJson } from '../../notification/python-json.js'

export function showCommand(context: Context): Command {
  return withOutputOptions(new Command('show'))
    .description('Show one event with its origin and its message.')
    .argument('<position>', 'position of the event in the log', parseWhole)
    .option(...logOption)
    .addHelpText('after', '\nExample: mixmatch log show 4182')
    .action((at: number, options: OutputOptions, command: Command) => {
      using log = openCommandHistory(command, context)
      const event = log.get(position(at))
      if (!event) {
        throw new MixmatchError(
          'USAGE',
          `${log.file}: no event at position ${at}. The log holds 1 to ${log.head().position}.`,
        )
      }
      if (options.format === 'json' && options.column.length === 0) {
        context.stdout.write(`${toLine(event)}\n`)
        return
      }
      printFacts(context.stdout, options, {
        ...eventRow(event),
        emitted_at: event.emittedAt === null ? null : formatTime(event.emittedAt),
        source: event.source,
        message_id: event.messageId,
        parent: event.parent,
        exchange: event.wire.exchange,
        routing_key: event.wire.routingKey,
        envelope: event.wire.envelope,
        hash: event.hash,
      })
      if (options.format !== 'table' || options.column.length > 0) return
      context.stdout.write(`\n${indented(event.body)}\n`)
    })
}

function indented(body: string): string {
  const value = parsePythonJson(body) // keeps all digits of long numbers
  return value === undefined ? body : JSON.stringify(value, null, 2)
}
