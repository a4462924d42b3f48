import type { Database } from 'better-sqlite3'
import { readResourceId, resourceTypeOf, type StoredId } from '../event/stored.js'
import { IDENTITY_PROVIDER, type Position, type ResourceKey } from '../ids.js'
import { openViewsAside } from '../projection/aside.js'
import { selectPlaces } from '../projection/places.js'

/** How the places of a resource differ between two positions; empty where it was nowhere. */
export interface Change {
  readonly resource: ResourceKey
  readonly before: readonly Whereabouts[]
  readonly after: readonly Whereabouts[]
}

export interface Whereabouts {
  readonly service_provider: string
  readonly project: string | null
}

interface KeyRow {
  readonly resource_type: number
  readonly resource_id: StoredId
}

/**
 * What the location view says otherwise at a later position than at an earlier one. Both views are
 * built aside, the second from the first.
 *
 * @param logFiles of one history, oldest first
 */
export function changesBetween(
  logFiles: readonly string[],
  earlier: Position,
  later: Position,
): Change[] {
  using view = openViewsAside(logFiles, earlier)
  const touched = view.db
    .prepare<[{ earlier: number; later: number }], KeyRow>(`
      select distinct resource_type, resource_id from history
      where kind > 0 and resource_id is not null and position > :earlier and position <= :later
      union
      select l.resource_type, l.resource_id from locations l join history e
        on l.parent = e.resource_id and l.service_provider = e.service_provider
      where e.kind > 0 and e.position > :earlier and e.position <= :later`)
    .all({ earlier, later })
  const before = placesOf(view.db, touched)
  view.catchUp(later)
  const after = placesOf(view.db, touched)
  return touched.flatMap((key, index) => {
    const change = { before: before[index] ?? [], after: after[index] ?? [] }
    if (JSON.stringify(change.before) === JSON.stringify(change.after)) return []
    return [
      {
        resource: { type: resourceTypeOf(key.resource_type), id: readResourceId(key.resource_id) },
        ...change,
      },
    ]
  })
}

function placesOf(db: Database, keys: readonly KeyRow[]): Whereabouts[][] {
  const places = db.prepare<[number, StoredId], Whereabouts>(
    `select service_provider, project from (${selectPlaces(
      'l.resource_type = ? and l.resource_id = ?',
      IDENTITY_PROVIDER,
    )})`,
  )
  return keys.map(key => places.all(key.resource_type, key.resource_id))
}
