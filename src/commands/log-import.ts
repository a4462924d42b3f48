import { createReadStream, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Command } from 'commander'
import { MixmatchError } from '../errors.js'
import type { Event, RecordedEvent } from '../event/event.js'
import { type SpName, spName } from '../ids.js'
import { historyFiles } from '../log/history.js'
import { holdLog } from '../log/holder.js'
import { importEvents } from '../log/import.js'
import { openLog } from '../log/log.js'
import { eventsInMapping } from '../log/mapping.js'
import { fromLine, isExported } from '../log/portable.js'
import { parseRecorded } from '../notification/recorded.js'
import { toEvent } from '../notification/to-event.js'
import { openViews } from '../projection/views.js'
import { configOf } from './configuration.js'
import type { Context } from './context.js'
import { logFileOf, logOption, viewsFileOf } from './files.js'

export function importCommand(context: Context): Command {
  return new Command('import')
    .description(
      'Take in an export, recorded notifications, or what a Python mixmatch had learned. The recorder must not run.',
    )
    .argument(
      '[file]',
      'a JSON object a line, as `log export` writes it or as a file:// bus has it',
    )
    .option('--mixmatch-db <file>', 'the SQLite database of a Python mixmatch, instead of a file')
    .option(...logOption)
    .addHelpText(
      'after',
      '\nRun it again if it was interrupted: nothing is there twice.\nExample: mixmatch log import events.ndjson --log data/copy.db',
    )
    .action(async (given: string | undefined, _options: object, command: Command) => {
      const { mixmatchDb } = command.opts<{ mixmatchDb?: string }>()
      const events = eventsOf({ given, mixmatchDb }, command, context)
      const file = logFileOf(command, context)
      using _held = holdLog(file, 'log import')
      using log = openLog(file)
      const { restored, appended, duplicates } = await importEvents(log, events)
      const { views } = await openViews(viewsFileOf(file), historyFiles([file]))
      views[Symbol.dispose]()
      context.stderr.write(
        `${file}: ${restored} events restored in their places, ${appended} recorded as new, ` +
          `${duplicates} were there already\n`,
      )
    })
}

type Source = { given: string | undefined; mixmatchDb: string | undefined }

/** @throws USAGE where none or two sources are named, or one that does not exist */
function eventsOf(
  { given, mixmatchDb }: Source,
  command: Command,
  context: Context,
): AsyncIterable<Imported> {
  const named = given ?? mixmatchDb
  if (named === undefined || (given !== undefined && mixmatchDb !== undefined)) {
    const message = 'log import: expected either a file of JSON lines or --mixmatch-db FILE.'
    throw new MixmatchError('USAGE', message)
  }
  const source = resolve(context.cwd, named)
  if (!existsSync(source)) throw new MixmatchError('USAGE', `${source}: no such file.`)
  return given === undefined
    ? eventsInMapping(source, cloudsBySpName(command, context))
    : eventsIn(source)
}

/** Whom a Python mixmatch meant by an `sp_name`, as the configuration has it; `--log` needs none. */
function cloudsBySpName(command: Command, context: Context): (name: string) => SpName {
  if (command.opts<{ log?: readonly string[] }>().log !== undefined) return spName
  const { clouds } = configOf(command, context)
  return name => clouds.find(cloud => cloud.spName === name)?.name ?? spName(name)
}

type Imported = Event | RecordedEvent

async function* eventsIn(source: string): AsyncGenerator<Imported> {
  let number = 0
  const lines = createInterface({ input: textOf(source), crlfDelay: Infinity })
  for await (const text of lines) {
    number += 1
    if (text.trim() === '') continue
    const where = `${source}:${number}`
    const line = parse(text, where)
    yield isExported(line) ? fromLine(line, where) : toEvent(parseRecorded(line, where))
  }
}

/** A file whose name ends in .gz is unpacked on the way. */
function textOf(source: string): Readable {
  const bytes = createReadStream(source)
  return source.endsWith('.gz') ? bytes.compose(createGunzip()) : bytes
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
