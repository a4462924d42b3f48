import { MixmatchError } from '../errors.js'
import { isUuid, type ResourceId, resourceId } from '../ids.js'
import type { LogReader } from '../log/event-log.js'
import { findResourcesByPrefix } from '../projection/find-resources.js'

/** The maximum number of ids in the message. */
const SHOWN = 4

/**
 * Find the full id of a resource by its id or by a prefix that is unique in the log.
 *
 * @throws USAGE with some of the ids if the prefix is not unique
 */
export function resolveResourceId(log: LogReader, text: string): ResourceId {
  if (isUuid(text)) return resourceId(text)
  const found = findResourcesByPrefix(log.db, text)
  const ids = [...new Set(found.map(({ id }) => id))]
  const exact = ids.find(id => id === text)
  if (exact !== undefined || ids.length < 2) return exact ?? ids[0] ?? resourceId(text)
  const some = found.slice(0, SHOWN).map(({ type, id }) => `${type} ${id}`)
  const named = [...some, ...(found.length > SHOWN ? ['…'] : [])].join(', ')
  throw new MixmatchError('USAGE', `${text}: several ids begin so: ${named}. Write more of it.`)
}
