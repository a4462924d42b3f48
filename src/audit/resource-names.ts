import { position } from '../ids.js'
import { parseJson, textAt } from '../json.js'
import type { AuditDatabase } from './audit-database.js'

/**
 * A function that finds the name of a resource in the notification at a position: Cinder's `display_name`,
 * Glance's `name`. Null if the event has none.
 */
export function createNameFinder({
  history,
}: {
  readonly history: Pick<AuditDatabase['history'], 'get'>
}): (at: number) => string | null {
  return at => {
    const message = parseJson(history.get(position(at))?.body ?? '')
    return textAt(message, '/payload/display_name') ?? textAt(message, '/payload/name')
  }
}
