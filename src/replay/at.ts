import { resourceTypeCode, storeId } from '../event/stored.js'
import { IDENTITY_PROVIDER, type Position, type SpName } from '../ids.js'
import type { LogReader } from '../log/log.js'
import { selectLives } from '../projection/lives.js'
import type { Locate } from '../projection/place.js'
import { type PlaceRow, readPlace, selectPlaces } from '../projection/places.js'

/**
 * Where things were as far as was known at a position: the places that the view would have had, from
 * the log alone and by its index, for one resource at a time. No view is built.
 *
 * @param prefer whom a conflict is decided for
 */
export function locateAt(
  log: LogReader,
  position: Position,
  prefer: SpName = IDENTITY_PROVIDER,
): Locate {
  const places = log.db.prepare<[Question], PlaceRow>(`
    with
    asked as (${selectLives(events, `resource_type = :type and resource_id = :id and ${known}`)}),
    volumes as (${selectLives(
      events,
      `resource_type = :volume and resource_id in (select parent from asked) and ${known}`,
    )}),
    locations as (select * from asked union select * from volumes)
    ${selectPlaces('l.resource_type = :type and l.resource_id = :id', prefer)}`)
  return (type, id) =>
    places
      .all({ type: resourceTypeCode(type), id: storeId(id), volume: VOLUME, upTo: position })
      .map(readPlace)
}

interface Question {
  readonly type: number
  readonly id: Buffer | string
  readonly volume: number
  readonly upTo: number
}

const VOLUME = resourceTypeCode('volume')

const events = { table: 'events', access: '' }
const known = '+position <= :upTo' // by the index of resources: a plain term would be by position
