import { position, projectId, type SpName, spName } from '../ids.js'
import type { Place } from './place.js'
import { isPresent, joinParent, ownerOf } from './views/locations.js'

export interface PlaceRow {
  readonly service_provider: string
  readonly project: string | null
  readonly position: number
}

/**
 * SQL for the places in rows of `locations`, in the order of routing.
 *
 * @param condition selects the rows `l`. Parameters need a plus (`l.resource_id = +?`): without it, SQLite
 *   plans the query again for each new value, which takes five times as long as the query
 * @param prefer the cloud that comes first in a conflict. The next is the first that held the resource
 */
export function selectPlaces(condition: string, prefer: SpName): string {
  return `
    select sp.name as service_provider, pr.name as project, l.last_position as position
    from locations l
    join service_providers sp on sp.id = l.service_provider
    ${joinParent('l', 'volume')}
    left join projects pr on pr.id = ${ownerOf('l', 'volume')}
    where ${condition} and ${isPresent('l')}
    order by sp.name = '${prefer.replaceAll("'", "''")}' desc, l.first_position`
}

export function readPlace(row: PlaceRow): Place {
  return {
    serviceProvider: spName(row.service_provider),
    project: row.project === null ? null : projectId(row.project),
    position: position(row.position),
  }
}
