import { statSync } from 'node:fs'
import { Command } from 'commander'
import type { Context } from '../../cli/context.js'
import { logOption, openCommandHistory } from '../../cli/log-files.js'
import { type OutputOptions, withOutputOptions } from '../../cli/output-options.js'
import { printFacts, printRows } from '../../cli/row-printer.js'
import { formatTime } from '../../event/time.js'
import { micros } from '../../ids.js'
import { SCHEMA_VERSION } from '../../log/schema.js'

export function infoCommand(context: Context): Command {
  return withOutputOptions(new Command('info'))
    .description('Show the size and head of the event log, and the events of each cloud.')
    .option(...logOption)
    .addHelpText('after', '\nExample: mixmatch log info --log data/events.db')
    .action((options: OutputOptions, command: Command) => {
      using log = openCommandHistory(command, context)
      const head = log.head()
      const clouds = log.db.prepare<[], CloudRow>(perCloud).all().map(cloudRow)
      const facts = {
        file: log.file,
        bytes: statSync(log.file).size,
        schema: SCHEMA_VERSION,
        events: head.position,
        head: head.hash,
      }
      if (options.format === 'json') {
        printFacts(context.stdout, options, { ...facts, service_providers: clouds })
        return
      }
      printFacts(context.stdout, options, facts)
      if (options.format !== 'table' || options.column.length > 0) return
      if (clouds.length > 0) context.stdout.write('\n')
      printRows(context.stdout, options, clouds)
    })
}

const perCloud = `
  select sp.name as service_provider, count(*) as events,
    sum(t.name = 'mixmatch.unparseable') as unparseable,
    min(recorded_at) as first_recorded, max(recorded_at) as last_recorded
  from events e join service_providers sp on sp.id = e.service_provider
  join event_types t on t.id = e.event_type
  group by sp.id order by sp.id`

interface CloudRow {
  readonly service_provider: string
  readonly events: number
  readonly unparseable: number
  readonly first_recorded: number
  readonly last_recorded: number
}

function cloudRow(row: CloudRow) {
  return {
    ...row,
    first_recorded: formatTime(micros(row.first_recorded)),
    last_recorded: formatTime(micros(row.last_recorded)),
  }
}
