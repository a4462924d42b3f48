import { existsSync, renameSync, rmSync } from 'node:fs'
import { Command, Option } from 'commander'
import { openPublisher } from '../bus/amqp/publisher.js'
import { maskTransportUrl, parseTransportUrl } from '../bus/transport-url.js'
import { parseNames, parsePointOption } from '../cli/arguments.js'
import type { Context } from '../cli/context.js'
import { eventRow } from '../cli/event-row.js'
import { interrupted } from '../cli/interrupt.js'
import { requireKnownNames } from '../cli/known-names.js'
import { logOption, openHistoryOf, writtenFile } from '../cli/log-files.js'
import { type OutputOptions, withOutputOptions } from '../cli/output-options.js'
import { progressOn } from '../cli/progress.js'
import { resolveResourceId } from '../cli/resource-argument.js'
import { createRowPrinter, printRows } from '../cli/row-printer.js'
import { MixmatchError } from '../errors.js'
import type { RecordedEvent } from '../event/event.js'
import { micros, type Position, position } from '../ids.js'
import type { History } from '../log/history.js'
import { buildViews } from '../projection/build.js'
import { paceEvents } from '../replay/pace.js'
import { comparePlaces, type HeldPlace } from '../replay/place-changes.js'
import { POINT_FORMS, type Point, parsePoint, positionAt } from '../replay/point.js'
import { type Selection, selectEvents } from '../replay/selection.js'

interface Options extends OutputOptions {
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
    .description('History again: printed, as views of any point, as differences, or onto a bus.')
    .option(...logOption)
    .option('--from <point>', `the first event: ${POINT_FORMS}`, parsePointOption)
    .option('--until <point>', 'the last event, written alike', parsePointOption)
    .option(
      '--type <types>',
      'only these, by commas; volume.* for all that begin so',
      parseNames,
      [],
    )
    .option('--sp <names>', 'only of these clouds, by commas', parseNames, [])
    .option(
      '--resource <id>',
      'only what is said of it; the beginning of its id is enough if it is unique',
    )
    .option('--into <file>', 'build the views as of --until in a new file')
    .option('--diff <points...>', 'two points: what the view says otherwise at the second')
    .option('--to <url>', 'publish again on rabbit://… or file://…, as it was on the wire')
    .addOption(
      new Option('--speed <speed>', 'of --to: 1x is as it was recorded')
        .default(1, '1x')
        .argParser(speed),
    )
    .addHelpText(
      'after',
      '\nExample: mixmatch replay --from 2026-11-23T13:00 --type volume.* --to rabbit://guest:guest@127.0.0.1 --speed 10x',
    )
    .action(async (options: Options, command: Command) => {
      using log = openHistoryOf(command, context)
      requireKnownNames(log, { clouds: { '--sp': options.sp } }, command, context)
      if (options.into !== undefined) await into(log, options.into, options, context)
      else if (options.diff !== undefined) diff(log, options.diff, options, context)
      else if (options.to !== undefined) await publish(log, options.to, options, context)
      else await print(log, options, context)
    })
}

function selectionOf(log: History, options: Options): Selection {
  const { from, until } = options
  return {
    from: from === undefined ? position(log.base().position + 1) : firstFrom(log, from),
    until: until === undefined ? log.head().position : positionAt(log, until),
    types: options.type,
    serviceProviders: options.sp,
    resource: options.resource === undefined ? null : resolveResourceId(log, options.resource),
  }
}

/** The event at a position, or the first that was recorded at a time or after it. */
function firstFrom(log: History, point: Point): Position {
  if ('position' in point) return position(Math.max(1, positionAt(log, point)))
  return position(positionAt(log, { time: micros(point.time - 1) }) + 1)
}

/** Rows that are printed together: a table aligns its columns within them. */
const PAGE = 500

async function print(log: History, options: Options, context: Context): Promise<void> {
  let printed = 0
  let page: RecordedEvent[] = []
  const printPage = createRowPrinter(context.stdout, options)
  const flush = () => {
    printPage(page.map(eventRow))
    printed += page.length
    page = []
  }
  for (const event of selectEvents(log, selectionOf(log, options))) {
    page.push(event)
    if (page.length === PAGE) {
      flush()
      await context.stdout.drained()
    }
  }
  flush()
  if (printed === 0) context.stderr.write('mixmatch: no event is of this selection\n')
}

/** Built aside and then put in place: there is never half a file of that name. */
async function into(
  log: History,
  given: string,
  options: Options,
  context: Context,
): Promise<void> {
  if (options.from !== undefined || options.type.length + options.sp.length > 0) {
    throw new MixmatchError(
      'USAGE',
      '--into builds the views of all that was known at a point: it takes --until alone.',
    )
  }
  const file = writtenFile(given, context)
  if (existsSync(file)) throw new MixmatchError('USAGE', `--into ${file}: is there already.`)
  const upTo = selectionOf(log, options).until
  using told = progressOn(context.stderr, 'building', 0)
  const progress = (done: number, of: number) => told.at(done, of)
  const aside = `${file}.building`
  rmSync(aside, { force: true })
  try {
    await buildViews(
      aside,
      log.parts.map(({ file }) => file),
      { upTo, progress },
    )
    renameSync(aside, file)
  } finally {
    rmSync(aside, { force: true })
  }
  context.stderr.write(`${file}: the views as of position ${upTo}\n`)
}

function diff(log: History, given: readonly string[], options: Options, context: Context): void {
  const [earlier, later, ...rest] = given.map(text => positionAt(log, parsePoint(text)))
  if (earlier === undefined || later === undefined || rest.length > 0 || later < earlier) {
    throw new MixmatchError('USAGE', '--diff: expected two points, the earlier one first.')
  }
  const files = log.parts.map(({ file }) => file)
  const rows = comparePlaces(files, earlier, later).map(({ resource, before, after }) => ({
    resource,
    before: options.format === 'json' ? before : places(before),
    after: options.format === 'json' ? after : places(after),
  }))
  printRows(context.stdout, options, rows)
  context.stderr.write(`${rows.length} differ between position ${earlier} and ${later}\n`)
}

function places(all: readonly HeldPlace[]): string {
  return (
    all.map(each => `${each.service_provider} (${each.project ?? 'no project'})`).join(', ') ||
    'nowhere'
  )
}

async function publish(log: History, given: string, options: Options, context: Context) {
  const url = parseTransportUrl(given)
  if (url.kind === 'file') writtenFile(url.path, context)
  const selection = selectionOf(log, options)
  using stop = interrupted()
  using progress = progressOn(
    context.stderr,
    `publishing to ${maskTransportUrl(given)}`,
    selection.until - selection.from + 1,
  )
  await using publisher = await openPublisher(url, stop.signal)
  let published = 0
  let last: number | null = null
  for await (const event of paceEvents(onTheWire(log, selection), options.speed, stop.signal)) {
    await publisher.publish(event)
    published += 1
    last = event.position
    progress.at(event.position - selection.from)
  }
  await publisher.flush()
  const on = stop.signal.aborted && last !== null ? `; go on with --from ${last + 1}` : ''
  context.stderr.write(`${published} notifications published${on}\n`)
}

/** What we noted ourselves never was on a bus, and what could not be parsed is not kept as it came. */
function* onTheWire(log: History, selection: Selection): Generator<RecordedEvent> {
  for (const event of selectEvents(log, selection)) {
    if (event.source === 'bus' && event.wire.envelope !== 'none') yield event
  }
}

function speed(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY
  const [, factor] = /^(\d+(?:\.\d+)?)x?$/.exec(text) ?? []
  if (Number(factor) > 0) return Number(factor)
  throw new MixmatchError('USAGE', `--speed: expected 1x, 10x, … or max, found "${text}".`)
}
