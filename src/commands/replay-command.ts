import { existsSync, renameSync, rmSync } from 'node:fs'
import { Command, Option } from 'commander'
import { eventRow } from '../api/event-row.js'
import { resolveResourceId } from '../api/resource-argument.js'
import { openPublisher } from '../bus/amqp/publisher.js'
import { maskTransportUrl, parseTransportUrl } from '../bus/transport-url.js'
import { namesOption, parsePointOption } from '../cli/arguments.js'
import type { Context } from '../cli/context.js'
import { catchInterrupt } from '../cli/interrupt.js'
import { requireKnownNames } from '../cli/known-names.js'
import { logOption, openCommandHistory, resolveOutputFile } from '../cli/log-files.js'
import { type OutputOptions, withOutputOptions } from '../cli/output-options.js'
import { showProgress } from '../cli/progress.js'
import { createRowPrinter, printRows } from '../cli/row-printer.js'
import { MixmatchError } from '../errors.js'
import type { RecordedEvent } from '../event/event.js'
import { position } from '../ids.js'
import type { History } from '../log/history.js'
import { buildViews } from '../projection/build.js'
import { paceEvents } from '../replay/pace.js'
import { comparePlaces, type HeldPlace } from '../replay/place-changes.js'
import {
  firstPositionAt,
  POINT_FORMS,
  type Point,
  parsePoint,
  positionAt,
} from '../replay/point.js'
import { type Selection, selectEvents } from '../replay/selection.js'

interface ReplayOptions extends OutputOptions {
  readonly from?: Point
  readonly until?: Point
  readonly type: readonly string[]
  readonly sp: readonly string[]
  readonly resource?: string
  readonly into?: string
  readonly diff?: readonly string[]
  readonly to?: string
  readonly speed: number
}

export function replayCommand(context: Context): Command {
  return withOutputOptions(new Command('replay'))
    .description(
      'Replay events: print them, build views of any point, compare two points, or publish on a bus.',
    )
    .option(...logOption)
    .option('--from <point>', `the first event: ${POINT_FORMS}`, parsePointOption)
    .option('--until <point>', 'the last event, in the same form', parsePointOption)
    .addOption(
      namesOption(
        '--type <types>',
        'only these event types, separated by commas; volume.* for all of this prefix',
      ),
    )
    .addOption(namesOption('--sp <names>', 'only these clouds, separated by commas'))
    .option('--resource <id>', 'only events of this resource: its id, or a unique prefix of it')
    .option('--into <file>', 'build the views as of --until in a new file')
    .option('--diff <points...>', 'compare the locations at two points')
    .option(
      '--to <url>',
      'publish the notifications on rabbit://… or file://… in their original form',
    )
    .addOption(
      new Option('--speed <speed>', 'speed of --to: 1x for the recorded pauses, max for none')
        .default(1, '1x')
        .argParser(parseSpeed),
    )
    .addHelpText(
      'after',
      '\nExample: mixmatch replay --from 2026-11-23T13:00 --type volume.* --to rabbit://guest:guest@127.0.0.1 --speed 10x',
    )
    .action(async (options: ReplayOptions, command: Command) => {
      using log = openCommandHistory(command, context)
      requireKnownNames(log, { clouds: { '--sp': options.sp } }, command, context)
      if (options.into !== undefined) await writeViews(log, options.into, options, context)
      else if (options.diff !== undefined) printDifferences(log, options.diff, options, context)
      else if (options.to !== undefined) await publishEvents(log, options.to, options, context)
      else await printEvents(log, options, context)
    })
}

function toSelection(log: History, options: ReplayOptions): Selection {
  const { from, until } = options
  return {
    from: from === undefined ? position(log.base().position + 1) : firstPositionAt(log, from),
    until: until === undefined ? log.head().position : positionAt(log, until),
    types: options.type,
    serviceProviders: options.sp,
    resource: options.resource === undefined ? null : resolveResourceId(log, options.resource),
  }
}

/** The maximum of rows in one table. */
const ROWS_PER_TABLE = 500

async function printEvents(log: History, options: ReplayOptions, context: Context): Promise<void> {
  let printed = 0
  let page: RecordedEvent[] = []
  const printPage = createRowPrinter(context.stdout, options)
  const flush = () => {
    printPage(page.map(eventRow))
    printed += page.length
    page = []
  }
  for (const event of selectEvents(log, toSelection(log, options))) {
    page.push(event)
    if (page.length === ROWS_PER_TABLE) {
      flush()
      await context.stdout.drained()
    }
  }
  flush()
  if (printed === 0) context.stderr.write('mixmatch: no event matches the options\n')
}

/** Build the views in a temporary file and then rename it, so the result is never incomplete. */
async function writeViews(
  log: History,
  given: string,
  options: ReplayOptions,
  context: Context,
): Promise<void> {
  if (options.from !== undefined || options.type.length + options.sp.length > 0) {
    throw new MixmatchError(
      'USAGE',
      '--into builds the views of all events up to a point: combine it with --until only.',
    )
  }
  const file = resolveOutputFile(given, context)
  if (existsSync(file)) throw new MixmatchError('USAGE', `--into ${file}: is there already.`)
  const upTo = toSelection(log, options).until
  using line = showProgress(context.stderr, 'building', 0)
  const progress = (done: number, of: number) => line.at(done, of)
  const temporary = `${file}.building`
  rmSync(temporary, { force: true })
  try {
    buildViews(
      temporary,
      log.parts.map(({ file }) => file),
      { upTo, progress },
    )
    renameSync(temporary, file)
  } finally {
    rmSync(temporary, { force: true })
  }
  context.stderr.write(`${file}: the views as of position ${upTo}\n`)
}

function printDifferences(
  log: History,
  given: readonly string[],
  options: ReplayOptions,
  context: Context,
): void {
  const [earlier, later, ...rest] = given.map(text => positionAt(log, parsePoint(text)))
  if (earlier === undefined || later === undefined || rest.length > 0 || later < earlier) {
    throw new MixmatchError('USAGE', '--diff: expected two points, the earlier one first.')
  }
  const files = log.parts.map(({ file }) => file)
  const rows = comparePlaces(files, earlier, later).map(({ resource, before, after }) => ({
    resource,
    before: options.format === 'json' ? before : describePlaces(before),
    after: options.format === 'json' ? after : describePlaces(after),
  }))
  printRows(context.stdout, options, rows)
  context.stderr.write(`${rows.length} differ between position ${earlier} and ${later}\n`)
}

function describePlaces(all: readonly HeldPlace[]): string {
  return (
    all.map(each => `${each.service_provider} (${each.project ?? 'no project'})`).join(', ') ||
    'nowhere'
  )
}

async function publishEvents(
  log: History,
  given: string,
  options: ReplayOptions,
  context: Context,
) {
  const url = parseTransportUrl(given)
  if (url.kind === 'file') resolveOutputFile(url.path, context)
  const selection = toSelection(log, options)
  using stop = catchInterrupt()
  using progress = showProgress(
    context.stderr,
    `publishing to ${maskTransportUrl(given)}`,
    selection.until - selection.from + 1,
  )
  await using publisher = await openPublisher(url, stop.signal)
  let published = 0
  let last: number | null = null
  for await (const event of paceEvents(
    publishableEvents(log, selection),
    options.speed,
    stop.signal,
  )) {
    await publisher.publish(event)
    published += 1
    last = event.position
    progress.at(event.position - selection.from)
  }
  await publisher.flush()
  const on = stop.signal.aborted && last !== null ? `; continue with --from ${last + 1}` : ''
  context.stderr.write(`${published} notifications published${on}\n`)
}

/** Select events that came from a bus and were parsed. Others are not stored in their original form. */
function* publishableEvents(log: History, selection: Selection): Generator<RecordedEvent> {
  for (const event of selectEvents(log, selection)) {
    if (event.source === 'bus' && event.wire.envelope !== 'none') yield event
  }
}

function parseSpeed(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY
  const [, factor] = /^(\d+(?:\.\d+)?)x?$/.exec(text) ?? []
  if (Number(factor) > 0) return Number(factor)
  throw new MixmatchError('USAGE', `--speed: expected 1x, 10x, … or max, found "${text}".`)
}
