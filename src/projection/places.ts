import { position, projectId, type SpName, spName } from '../ids.js'
import type { Place } from './place.js'
import { isPresent, joinParent, ownerOf } from './views/locations.js'

export interface PlaceRow {
  readonly service_provider: string
  readonly project: string | null
  readonly position: number
}

/**
 * Places out of rows of `locations`, in the order in which they are routed to.
 *
 * @param condition which rows `l`
 * @param prefer whom a conflict is decided for; next comes the first to have held the resource
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
