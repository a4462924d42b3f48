import type { Command } from 'commander'
import { findNearest } from '../config/nearest.js'
import { MixmatchError } from '../errors.js'
import type { History } from '../log/history.js'
import { configOf } from './command-config.js'
import type { Context } from './context.js'

/** Names of a filter, by the option that they were given with: `--sp`. */
export interface NamedFilter {
  readonly clouds?: Readonly<Record<string, readonly string[]>>
  readonly projects?: Readonly<Record<string, readonly string[]>>
}

/**
 * Refuse a name that neither the log nor the configuration knows: it is most often a mistake, and an
 * empty answer would hide it.
 *
 * @throws USAGE with the clouds that there are, or the name that was probably meant
 */
export function requireKnownNames(
  log: History,
  filter: NamedFilter,
  command: Command,
  context: Context,
): void {
  const heard = (table: string) => [
    ...new Set(
      log.parts.flatMap(({ db }) =>
        db.prepare<[], string>(`select name from main.${table}`).pluck().all(),
      ),
    ),
  ]
  for (const [option, names] of Object.entries(filter.clouds ?? {})) {
    const known = [...heard('service_providers'), ...configuredClouds(command, context)]
    for (const name of names.filter(each => !known.includes(each))) {
      const clouds = [...new Set(known)].join(', ') || 'none yet'
      throw new MixmatchError('USAGE', `${option} ${name}: expected one of the clouds ${clouds}.`)
    }
  }
  for (const [option, names] of Object.entries(filter.projects ?? {})) {
    if (names.length === 0) continue
    const known = heard('projects')
    for (const name of names.filter(each => !known.includes(each))) {
      const meant = findNearest(name, known)
      throw new MixmatchError(
        'USAGE',
        `${option} ${name}: the log has never heard of this project.${meant ? ` Is it ${meant}?` : ''}`,
      )
    }
  }
}

/** None where `--log` says that no configuration is to be read. */
function configuredClouds(command: Command, context: Context): readonly string[] {
  const { log } = command.optsWithGlobals<{ log?: readonly string[] }>()
  return log === undefined ? configOf(command, context).clouds.map(({ name }) => name) : []
}
