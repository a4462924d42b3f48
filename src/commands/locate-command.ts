import { Command } from 'commander'
import { parsePointOption } from '../cli/arguments.js'
import type { Context } from '../cli/context.js'
import { logOption, openHistoryOf } from '../cli/log-files.js'
import { type OutputOptions, withOutputOptions } from '../cli/output-options.js'
import { resolveResourceId } from '../cli/resource-argument.js'
import { printRows, type Row } from '../cli/row-printer.js'
import { MixmatchError } from '../errors.js'
import { formatTime } from '../event/time.js'
import type { Position, ResourceId } from '../ids.js'
import type { History } from '../log/history.js'
import { findDeletions } from '../projection/find-resources.js'
import { findAll, type Located, openLocationsOf } from '../projection/locate.js'
import { locateAt } from '../replay/past-locations.js'
import { type PlacementInterval, placementsAt } from '../replay/placement-history.js'
import { formatPoint, POINT_FORMS, type Point, positionAt } from '../replay/point.js'

interface Options extends OutputOptions {
  readonly at?: Point
  readonly history?: true
}

export function locateCommand(context: Context): Command {
  return withOutputOptions(new Command('locate'))
    .description('Which cloud holds a resource, whose it is there, and which event says so.')
    .argument(
      '<id>',
      'of an image, volume, snapshot, backup, …; its beginning is enough if it is unique',
    )
    .option(...logOption)
    .option('--at <point>', `as far as was known then: ${POINT_FORMS}`, parsePointOption)
    .option('--history', 'every place that it was known to have had, and for whom')
    .addHelpText(
      'after',
      '\nExits 1 if nothing is known of it.\nExample: mixmatch locate 5c0b7a52-… --at 2026-11-23T13:20',
    )
    .action((text: string, options: Options, command: Command) => {
      const { at, history } = options
      using log = openHistoryOf(command, context)
      const id = resolveResourceId(log, text)
      const upTo = at && positionAt(log, at)
      const rows = history
        ? placementsAt(log, id, upTo ?? log.head().position).map(turn => intervalRow(turn, id))
        : places(log, id, upTo).flatMap(placeRows)
      if (rows.length === 0) throw notLocated(log, id, at, upTo)
      printRows(context.stdout, options, rows)
    })
}

/** The present is what the view says, as the proxy sees it; the past, or a log alone, speaks for itself. */
function places(log: History, id: ResourceId, upTo: Position | undefined): readonly Located[] {
  using locations = upTo === undefined ? openLocationsOf(log.file) : undefined
  return locations?.find(id) ?? findAll(locateAt(log, upTo ?? log.head().position), id)
}

/** What is known instead: who deleted it, when, and which event says so. */
function notLocated(
  log: History,
  id: ResourceId,
  at: Point | undefined,
  upTo: Position | undefined,
): MixmatchError {
  const when = at ? ` at ${formatPoint(at)}` : ''
  const deletions = findDeletions(log.db, id, { upTo }).map(
    ({ resource, serviceProvider, at: deletedAt, position }) =>
      ` ${serviceProvider} deleted ${resource.type} ${id} at ${formatTime(deletedAt)}, ` +
      `says event ${position} (${log.get(position)?.eventType}).`,
  )
  return new MixmatchError(
    'NOT_LOCATED',
    `${id}: no cloud ${at ? 'was' : 'is'} known to hold it${when} (${log.file}).${deletions.join('')}`,
  )
}

function placeRows({ resource, places }: Located): Row[] {
  return places.map(place => ({
    service_provider: place.serviceProvider,
    resource,
    project: place.project,
    position: place.position,
  }))
}

function intervalRow(turn: PlacementInterval, id: ResourceId): Row {
  return {
    service_provider: turn.serviceProvider,
    resource: { type: turn.type, id },
    project: turn.project,
    from: formatTime(turn.from.at),
    from_position: turn.from.position,
    to: turn.to && formatTime(turn.to.at),
    to_position: turn.to?.position ?? null,
  }
}
