import type { Command } from 'commander'
import { findNearest } from '../config/nearest.js'
import { MixmatchError } from '../errors.js'
import type { History } from '../log/history.js'
import { loadConfig } from './command-config.js'
import type { Context } from './context.js'

/** The names in a filter, by option: `--sp`. */
export interface NamedFilter {
  readonly clouds?: Readonly<Record<string, readonly string[]>>
  readonly projects?: Readonly<Record<string, readonly string[]>>
}

/**
 * Reject a name that is neither in the log nor in the configuration. Usually it is a mistake, and an empty
 * result would hide that.
 *
 * @throws USAGE with the known clouds, or a similar project
 */
export function requireKnownNames(
  log: History,
  filter: NamedFilter,
  command: Command,
  context: Context,
): void {
  const namesIn = (table: string) => [
    ...new Set(
      log.parts.flatMap(({ db }) =>
        db.prepare<[], string>(`select name from main.${table}`).pluck().all(),
      ),
    ),
  ]
  for (const [option, names] of Object.entries(filter.clouds ?? {})) {
    const known = [...namesIn('service_providers'), ...configuredClouds(command, context)]
    for (const name of names.filter(each => !known.includes(each))) {
      const clouds = [...new Set(known)].join(', ') || 'none yet'
      throw new MixmatchError('USAGE', `${option} ${name}: expected one of the clouds ${clouds}.`)
    }
  }
  for (const [option, names] of Object.entries(filter.projects ?? {})) {
    if (names.length === 0) continue
    const known = namesIn('projects')
    for (const name of names.filter(each => !known.includes(each))) {
      const nearest = findNearest(name, known)
      throw new MixmatchError(
        'USAGE',
        `${option} ${name}: the log has never heard of this project.${nearest ? ` Is it ${nearest}?` : ''}`,
      )
    }
  }
}

/** Empty with `--log`, because then no configuration is read. */
function configuredClouds(command: Command, context: Context): readonly string[] {
  const { log } = command.optsWithGlobals<{ log?: readonly string[] }>()
  return log === undefined ? loadConfig(command, context).clouds.map(({ name }) => name) : []
}
