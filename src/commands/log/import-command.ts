import { createReadStream, existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Command } from 'commander'
import { messageOf } from '../../bus/bus-status.js'
import { parseRecorded } from '../../bus/recorded-notification.js'
import { loadConfig } from '../../cli/command-config.js'
import type { Context } from '../../cli/context.js'
import { catchInterrupt } from '../../cli/interrupt.js'
import { logOption, rejectFolder, resolveLogFile } from '../../cli/log-files.js'
import { showProgress } from '../../cli/progress.js'
import { errorCodeOf } from '../../error-code.js'
import { MixmatchError } from '../../errors.js'
import type { Event, RecordedEvent } from '../../event/event.js'
import { type SpName, spName } from '../../ids.js'
import { type JsonValue, parseJson } from '../../json.js'
import { rejectFleetLog } from '../../log/fleet-log.js'
import { historyFiles } from '../../log/history.js'
import { holdLog } from '../../log/holder.js'
import { importEvents } from '../../log/import.js'
import { eventsInMapping } from '../../log/mapping.js'
import { openLog } from '../../log/open-log.js'
import { fromLine, isExported } from '../../log/portable.js'
import { createNotificationEvent } from '../../notification/notification-event.js'
import { openViews } from '../../projection/open-views.js'
import { viewsFileOf } from '../../projection/views-file.js'

export function importCommand(context: Context): Command {
  return new Command('import')
    .description(
      'Import an export, recorded notifications, or the database of a Python mixmatch. The recorder must not run.',
    )
    .argument(
      '[file]',
      'file with a JSON object in each line, from `log export` or a file:// bus; may be gzipped (.gz)',
    )
    .option('--mixmatch-db <file>', 'the SQLite database of a Python mixmatch, instead of a file')
    .option(...logOption)
    .addHelpText(
      'after',
      '\nRun it again after an interruption: no event is imported twice.\nExample: mixmatch log import events.ndjson --log data/copy.db',
    )
    .action(async (given: string | undefined, _options: object, command: Command) => {
      const { mixmatchDb } = command.opts<{ mixmatchDb?: string }>()
      const source = resolveSource({ given, mixmatchDb }, command, context)
      const file = resolveLogFile(command, context)
      using _held = holdLog(file, 'log import')
      using log = openLog(file)
      rejectFleetLog(
        log,
        'Its events come from the stream. Import into a log of one machine, before "mixmatch fleet init".',
      )
      using interrupt = catchInterrupt()
      using progress = showProgress(context.stderr, 'importing', source.size)
      const { restored, appended, duplicates } = await importEvents(log, source.events, () => {
        progress.at(source.read())
        interrupt.signal.throwIfAborted() // the imported events stay, and another import does not repeat them
      })
      const { views } = openViews(viewsFileOf(file), historyFiles([file]))
      views[Symbol.dispose]()
      context.stderr.write(
        `${file}: ${restored} events restored in their places, ${appended} recorded as new, ` +
          `${duplicates} were there already\n`,
      )
    })
}

/** The events to import. */
interface ImportSource {
  readonly events: AsyncIterable<Event | RecordedEvent>
  /** The size of the file in bytes. */
  readonly size: number
  /** How many bytes were read. */
  read(): number
}

type GivenSource = { given: string | undefined; mixmatchDb: string | undefined }

/** @throws USAGE if there is no source, there are two, or it does not exist */
function resolveSource(
  { given, mixmatchDb }: GivenSource,
  command: Command,
  context: Context,
): ImportSource {
  const named = given ?? mixmatchDb
  if (named === undefined || (given !== undefined && mixmatchDb !== undefined)) {
    const message = 'log import: expected either a file of JSON lines or --mixmatch-db FILE.'
    throw new MixmatchError('USAGE', message)
  }
  const file = resolve(context.cwd, named)
  if (!existsSync(file)) throw new MixmatchError('USAGE', `${file}: no such file.`)
  rejectFolder(file)
  const { size } = statSync(file)
  if (given === undefined) {
    const events = eventsInMapping(file, cloudsBySpName(command, context))
    return { events, size, read: () => size }
  }
  const bytes = createReadStream(file)
  const text = file.endsWith('.gz') ? pipeline(bytes, createGunzip(), () => {}) : bytes // the reader below throws the errors
  return { events: readEvents(text, file), size, read: () => bytes.bytesRead }
}

/** Map an `sp_name` to its cloud in the configuration. With `--log`, the cloud has the same name. */
function cloudsBySpName(command: Command, context: Context): (name: string) => SpName {
  if (command.opts<{ log?: readonly string[] }>().log !== undefined) return spName
  const { clouds } = loadConfig(command, context)
  return name => clouds.find(cloud => cloud.spName === name)?.name ?? spName(name)
}

async function* readEvents(
  stream: Readable,
  source: string,
): AsyncGenerator<Event | RecordedEvent> {
  let number = 0
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
      number += 1
      if (text.trim() === '') continue
      const where = `${source}:${number}`
      const line = parseLine(text, where)
      yield isExported(line)
        ? fromLine(line, where)
        : createNotificationEvent(parseRecorded(line, where))
    }
  } catch (cause) {
    if (!errorCodeOf(cause).startsWith('Z_')) throw cause
    throw new MixmatchError(
      'IMPORT_REFUSED',
      `${source}: cannot be unpacked beyond line ${number}: ${messageOf(cause)}. ` +
        'Import it again when it is whole: nothing will be there twice.',
      { cause },
    )
  }
}

function parseLine(text: string, where: string): JsonValue {
  const value = parseJson(text)
  if (value !== undefined) return value
  const message = `${where}: expected a JSON object, found other text.`
  throw new MixmatchError('IMPORT_REFUSED', message)
}
