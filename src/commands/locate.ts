import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Context } from '../cli/context.js'
import { logOption, openHistoryOf, viewsFileOf } from '../cli/files.js'
import { type Format, formats, printRows, type Row } from '../cli/output.js'
import { MixmatchError } from '../errors.js'
import { formatTime } from '../event/time.js'
import { type Position, type ResourceId, resourceId } from '../ids.js'
import type { History } from '../log/history.js'
import { findAll, type Located, openLocations } from '../projection/locate.js'
import { locateAt } from '../replay/at.js'
import { formatPoint, type Point, parsePoint, positionAt } from '../replay/point.js'
import { type PlacedTurn, turnsAt } from '../replay/turns.js'

interface Options {
  readonly at?: Point
  readonly history?: true
  readonly format: Format
}

export function locateCommand(context: Context): Command {
  return new Command('locate')
    .description('Which cloud holds a resource, whose it is there, and which event says so.')
    .argument('<id>', 'of an image, volume, snapshot, backup, …')
    .option(...logOption)
    .option('--at <point>', 'as far as was known then: a time, or a position', parsePoint)
    .option('--history', 'every place that it was known to have had, and for whom')
    .addOption(new Option('--format <format>').choices(formats).default('table'))
    .addHelpText(
      'after',
      '\nExits 1 if nothing is known of it.\nExample: mixmatch locate 5c0b7a52-… --at 2026-11-23T13:20',
    )
    .action((text: string, { at, history, format }: Options, command: Command) => {
      const id = resourceId(text)
      using log = openHistoryOf(command, context)
      const upTo = at && positionAt(log, at)
      const rows = history
        ? turnsAt(log, id, upTo ?? log.head().position).map(turnRow)
        : places(log, id, upTo).flatMap(placeRows)
      if (rows.length === 0) {
        const when = at ? ` at ${formatPoint(at)}` : ''
        throw new MixmatchError(
          'NOT_LOCATED',
          `${id}: no cloud ${at ? 'was' : 'is'} known to hold it${when} (${log.file}).`,
        )
      }
      printRows(context.stdout, format, rows)
    })
}

/** The present is what the view says, as the proxy sees it; the past, or a log alone, speaks for itself. */
function places(log: History, id: ResourceId, upTo: Position | undefined): readonly Located[] {
  if (upTo !== undefined || !existsSync(viewsFileOf(log.file))) {
    return findAll(locateAt(log, upTo ?? log.head().position), id)
  }
  using locations = openLocations(viewsFileOf(log.file))
  return locations.find(id)
}

function placeRows({ resource, places }: Located): Row[] {
  return places.map(place => ({
    service_provider: place.serviceProvider,
    type: resource.type,
    id: resource.id,
    project: place.project,
    position: place.position,
  }))
}

function turnRow(turn: PlacedTurn): Row {
  return {
    service_provider: turn.serviceProvider,
    type: turn.type,
    project: turn.project,
    from: formatTime(turn.from.at),
    from_position: turn.from.position,
    to: turn.to && formatTime(turn.to.at),
    to_position: turn.to?.position ?? null,
  }
}
