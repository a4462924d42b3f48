import {
  kindOf,
  readProjectId,
  readResourceId,
  resourceTypeOf,
  type StoredId,
} from '../event/stored.js'
import { micros, position, spName } from '../ids.js'
import type { ShownEvent } from './event-row.js'

/** A row of `eventRowsSql`. */
export interface StoredEventRow {
  readonly position: number
  readonly recorded_at: number
  readonly emitted_at: number | null
  readonly service_provider: string
  readonly event_type: string
  readonly kind: number
  readonly resource_type: number | null
  readonly resource_id: StoredId | null
  readonly project: string | null
}

/**
 * Select events `e` of all files of a history, without their messages: to decompress a message takes
 * ten times longer than to read the row. The caller adds `where` and `order by`.
 */
export const eventRowsSql = `
  select e.position, e.recorded_at, e.emitted_at, sp.name as service_provider, t.name as event_type, e.kind,
    e.resource_type, e.resource_id, pr.name as project
  from events e
  join service_providers sp on sp.id = e.service_provider
  join event_types t on t.id = e.event_type
  left join projects pr on pr.id = e.project`

export function readShownEvent(row: StoredEventRow): ShownEvent {
  const { resource_type: type, resource_id: id } = row
  return {
    position: position(row.position),
    recordedAt: micros(row.recorded_at),
    emittedAt: row.emitted_at === null ? null : micros(row.emitted_at),
    serviceProvider: spName(row.service_provider),
    eventType: row.event_type,
    kind: kindOf(row.kind),
    resource:
      type === null || id === null ? null : { type: resourceTypeOf(type), id: readResourceId(id) },
    project: row.project === null ? null : readProjectId(row.project),
  }
}
