import { Command, Option } from 'commander'
import { MixmatchError } from '../errors.js'
import { resourceId } from '../ids.js'
import { openLogReader } from '../log/log.js'
import { openLocations } from '../projection/locate.js'
import type { Context } from './context.js'
import { logFileOf, logOption, viewsFileOf } from './files.js'
import { type Format, formats, printRows } from './output.js'

export function locateCommand(context: Context): Command {
  return new Command('locate')
    .description('Which cloud holds a resource, whose it is there, and which event says so.')
    .argument('<id>', 'of an image, volume, snapshot, backup, …')
    .option(...logOption)
    .addOption(new Option('--format <format>').choices(formats).default('table'))
    .addHelpText(
      'after',
      '\nExits 1 if nothing is known of it.\nExample: mixmatch locate 5c0b7a52-…',
    )
    .action((id: string, options: { format: Format }, command: Command) => {
      const file = logFileOf(command, context)
      openLogReader(file)[Symbol.dispose]()
      using locations = openLocations(viewsFileOf(file))
      const rows = locations.find(resourceId(id)).flatMap(({ resource, places }) =>
        places.map(place => ({
          service_provider: place.serviceProvider,
          type: resource.type,
          id: resource.id,
          project: place.project,
          position: place.position,
        })),
      )
      if (rows.length === 0) {
        throw new MixmatchError('NOT_LOCATED', `${id}: no cloud is known to hold it (${file}).`)
      }
      printRows(context.stdout, options.format, rows)
    })
}
