import type { Database } from 'better-sqlite3'
import { readResourceId, resourceTypeOf, type StoredId } from '../event/stored.js'
import { IDENTITY_PROVIDER, type Position, type ResourceKey } from '../ids.js'
import { selectPlaces } from '../projection/places.js'
import { openTemporaryViews } from '../projection/temporary-views.js'

/** The places of a resource at two positions; empty where no cloud held it. */
interface PlaceChange {
  readonly resource: ResourceKey
  readonly before: readonly HeldPlace[]
  readonly after: readonly HeldPlace[]
}

export interface HeldPlace {
  readonly service_provider: string
  readonly project: string | null
}

interface KeyRow {
  readonly resource_type: number
  readonly resource_id: StoredId
}

/**
 * Compare the view `locations` at two positions. The view is built in temporary tables up to the first
 * position and then caught up to the second.
 *
 * @param logFiles the files of one history, oldest first
 */
export function comparePlaces(
  logFiles: readonly string[],
  earlier: Position,
  later: Position,
): PlaceChange[] {
  using view = openTemporaryViews(logFiles, earlier)
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

function placesOf(db: Database, keys: readonly KeyRow[]): HeldPlace[][] {
  const places = db.prepare<[number, StoredId], HeldPlace>(
    `select service_provider, project from (${selectPlaces(
      'l.resource_type = ? and l.resource_id = ?',
      IDENTITY_PROVIDER,
    )})`,
  )
  return keys.map(key => places.all(key.resource_type, key.resource_id))
}
