import { resourceTypeCode, storeId } from '../event/stored.js'
import { IDENTITY_PROVIDER, type Position, type SpName } from '../ids.js'
import type { LogReader } from '../log/event-log.js'
import type { FindEvidence, Locate } from '../projection/place.js'
import { type PlaceRow, readPlace, selectPlaces } from '../projection/places.js'
import { prepareEvidenceAt } from '../projection/views/evidence.js'
import { selectLocations } from '../projection/views/locations.js'

/**
 * Locate resources as the view `locations` would have done at a position. This reads the events of one
 * resource at a time from the log and builds no view.
 *
 * @param prefer the preferred cloud if several hold a resource
 */
export function locateAt(
  log: LogReader,
  position: Position,
  prefer: SpName = IDENTITY_PROVIDER,
): Locate {
  const places = log.db.prepare<[LocationQuery], PlaceRow>(`
    with
    ${locations}
    ${selectPlaces('l.resource_type = +:type and l.resource_id = +:id', prefer)}`)
  return (type, id) =>
    places
      .all({ type: resourceTypeCode(type), id: storeId(id), volume: VOLUME, upTo: position })
      .map(readPlace)
}

/** The evidence at a position of where a resource is not, read from the log without views. */
export function evidenceAt(log: LogReader, position: Position): FindEvidence {
  return prepareEvidenceAt(log.db, locations, { volume: VOLUME, upTo: position })
}

interface LocationQuery {
  readonly type: number
  readonly id: Buffer | string
  readonly volume: number
  readonly upTo: number
}

const VOLUME = resourceTypeCode('volume')

const known = '+position <= :upTo' // the + makes SQLite use the index of resources

/** CTEs for the rows of the view `locations` for one resource and for its volume. */
const locations = `
    asked as (${selectLocations('events', `resource_type = :type and resource_id = :id and ${known}`)}),
    volumes as (${selectLocations(
      'events',
      `resource_type = :volume and resource_id in (select parent from asked) and ${known}`,
    )}),
    locations as (select * from asked union select * from volumes)`
