import { createReadStream, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { MixmatchError } from '../errors.js'
import type { Event, RecordedEvent } from '../event/event.js'
import { historyFiles } from '../log/history.js'
import { holdLog } from '../log/holder.js'
import { importEvents } from '../log/import.js'
import { openLog } from '../log/log.js'
import { fromLine, isExported } from '../log/portable.js'
import { parseRecorded } from '../notification/recorded.js'
import { toEvent } from '../notification/to-event.js'
import { openViews } from '../projection/views.js'
import type { Context } from './context.js'
import { logFileOf, logOption, viewsFileOf } from './files.js'

export function importCommand(context: Context): Command {
  return new Command('import')
    .description('Take in an export, or recorded notifications. The recorder must not run.')
    .argument(
      '<file>',
      'a JSON object a line, as `log export` writes it or as a file:// bus has it',
    )
    .option(...logOption)
    .addHelpText(
      'after',
      '\nRun it again if it was interrupted: nothing is there twice.\nExample: mixmatch log import events.ndjson --log data/copy.db',
    )
    .action(async (given: string, _options: object, command: Command) => {
      const source = resolve(context.cwd, given)
      const file = logFileOf(command, context)
      if (!existsSync(source)) throw new MixmatchError('USAGE', `${source}: no such file.`)
      using _held = holdLog(file, 'log import')
      using log = openLog(file)
      const { restored, appended, duplicates } = await importEvents(log, eventsIn(source))
      openViews(viewsFileOf(file), historyFiles([file])).views[Symbol.dispose]()
      context.stderr.write(
        `${file}: ${restored} events restored in their places, ${appended} recorded as new, ` +
          `${duplicates} were there already\n`,
      )
    })
}

async function* eventsIn(source: string): AsyncGenerator<Event | RecordedEvent> {
  let number = 0
  const lines = createInterface({ input: createReadStream(source), crlfDelay: Infinity })
  for await (const text of lines) {
    number += 1
    if (text.trim() === '') continue
    const where = `${source}:${number}`
    const line = parse(text, where)
    yield isExported(line) ? fromLine(line, where) : toEvent(parseRecorded(line, where))
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MixmatchError(
      'IMPORT_REFUSED',
      `${where}: expected a JSON object, found other text.`,
      {
        cause,
      },
    )
  }
}
