import type { Database } from 'better-sqlite3'
import { readResourceId, resourceTypeOf } from '../event/stored.js'
import type { PositionRange, ResourceKey, SpName } from '../ids.js'
import { spName } from '../ids.js'
import { parseJson } from '../json.js'
import { isPresent } from './views/locations.js'

/** A resource that several clouds claim to hold. Requests go to the first of them. */
export interface Conflict {
  readonly resource: ResourceKey
  readonly serviceProviders: readonly SpName[]
}

interface ConflictRow {
  readonly resource_type: number
  readonly resource_id: Buffer | string
  readonly clouds: string
}

const selectConflicts = (condition: string) => `
  select resource_type, resource_id, json_group_array(name order by first_position) as clouds
  from locations l join service_providers sp on sp.id = l.service_provider
  where ${isPresent('l')} ${condition}
  group by resource_type, resource_id having count(*) > 1`

/** Find all conflicts. This reads the whole view. */
export function allConflicts(db: Database): Conflict[] {
  return db.prepare<[], ConflictRow>(selectConflicts('')).all().map(readConflict)
}

/** Prepare to find conflicts among the resources with events in a range. The log must be attached. */
export function conflictsIn(db: Database): (range: PositionRange) => Conflict[] {
  const find = db.prepare<[PositionRange], ConflictRow>(
    selectConflicts(`and (resource_type, resource_id) in (
      select resource_type, resource_id from log.events not indexed
      where kind > 0 and position > :after and position <= :upTo)`),
  )
  return range => (range.upTo > range.after ? find.all(range).map(readConflict) : [])
}

/** Prepare to find conflicts among the rows `l` that meet a condition. */
export function conflictsOf(db: Database, condition: string): (values: object) => Conflict[] {
  const find = db.prepare<[object], ConflictRow>(selectConflicts(condition))
  return values => find.all(values).map(readConflict)
}

function readConflict(row: ConflictRow): Conflict {
  const names = parseJson(row.clouds)
  return {
    resource: { type: resourceTypeOf(row.resource_type), id: readResourceId(row.resource_id) },
    serviceProviders: Array.isArray(names) ? names.map(name => spName(String(name))) : [],
  }
}
