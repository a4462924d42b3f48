import { Command } from 'commander'
import { resolveResourceId } from '../api/resource-argument.js'
import { findPlaces, intervalRow, placeRows } from '../api/resource-queries.js'
import { parsePointOption } from '../cli/arguments.js'
import type { Context } from '../cli/context.js'
import { logOption, openCommandHistory } from '../cli/log-files.js'
import { type OutputOptions, withOutputOptions } from '../cli/output-options.js'
import { printRows } from '../cli/row-printer.js'
import { MixmatchError } from '../errors.js'
import { formatTime } from '../event/time.js'
import type { Position, ResourceId } from '../ids.js'
import type { History } from '../log/history.js'
import { findDeletions } from '../projection/find-resources.js'
import { placementsAt } from '../replay/placement-history.js'
import { formatPoint, POINT_FORMS, type Point, positionAt } from '../replay/point.js'

interface LocateOptions extends OutputOptions {
  readonly at?: Point
  readonly history?: true
}

export function locateCommand(context: Context): Command {
  return withOutputOptions(new Command('locate'))
    .description('Locate a resource: its cloud, its project there, and the event that says so.')
    .argument('<id>', 'id of an image, volume, snapshot, backup, …, or a unique prefix of it')
    .option(...logOption)
    .option('--at <point>', `locate with what was known then: ${POINT_FORMS}`, parsePointOption)
    .option('--history', 'all clouds and projects that held it, with times')
    .addHelpText(
      'after',
      '\nExits with 1 if no cloud is known to hold it.\nExample: mixmatch locate 5c0b7a52-… --at 2026-11-23T13:20',
    )
    .action((text: string, options: LocateOptions, command: Command) => {
      const { at, history } = options
      using log = openCommandHistory(command, context)
      const id = resolveResourceId(log, text)
      const upTo = at && positionAt(log, at)
      const rows = history
        ? placementsAt(log, id, upTo ?? log.head().position).map(placement =>
            intervalRow(placement, id),
          )
        : findPlaces(log, id, upTo).flatMap(placeRows)
      if (rows.length === 0) throw notLocated(log, id, at, upTo)
      printRows(context.stdout, options, rows)
    })
}

/** The error for a resource that no cloud holds. It names the deletions, if there are any. */
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
