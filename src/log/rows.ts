import type { Event, RecordedEvent } from '../event/event.js'
import {
  kindOf,
  readId,
  readProjectId,
  readResourceId,
  resourceTypeOf,
  type StoredId,
  sourceOf,
} from '../event/stored.js'
import { micros, position, spName } from '../ids.js'

/** A row of `eventsSql`: one event, with names in place of their numbers. */
export interface EventRow {
  readonly position: number
  readonly service_provider: string
  readonly source: number
  readonly exchange: string
  readonly routing_key: string
  readonly envelope: string
  readonly event_type: string
  readonly kind: number
  readonly recorded_at: number
  readonly emitted_at: number | null
  readonly message_id: StoredId
  readonly resource_type: number | null
  readonly resource_id: StoredId | null
  readonly project: string | null
  readonly parent: StoredId | null
  readonly hash: Buffer
  readonly dictionary: number
  readonly body: Buffer
}

const columns = `e.position, sp.name as service_provider, o.source, o.exchange, o.routing_key, o.envelope,
    t.name as event_type, e.kind, e.recorded_at, e.emitted_at, e.message_id,
    e.resource_type, e.resource_id, pr.name as project, e.parent,
    p.hash, p.dictionary, p.body`

const tables = `
  from main.events e
  join main.payloads p using (position)
  join service_providers sp on sp.id = e.service_provider
  join event_types t on t.id = e.event_type
  join origins o on o.id = e.origin
  left join projects pr on pr.id = e.project`

/** Select all fields of the events in the main file. The caller adds `where` and `order by`. */
export const eventsSql = `select ${columns} ${tables}`

/** `eventsSql` with more columns that `verify` compares: the numbers of words, and the bytes of text ids. */
export const storedSql = `select ${columns},
    e.service_provider as service_provider_id, e.origin as origin_id, e.event_type as event_type_id,
    e.project as project_id, ${textBytes('message_id')}, ${textBytes('resource_id')}, ${textBytes('parent')}
  ${tables}`

function textBytes(column: string): string {
  return `iif(typeof(e.${column}) = 'text', cast(e.${column} as blob), null) as ${column}_bytes`
}

export interface StoredRow extends EventRow {
  readonly service_provider_id: number
  readonly origin_id: number
  readonly event_type_id: number
  readonly project_id: number | null
  readonly message_id_bytes: Buffer | null
  readonly resource_id_bytes: Buffer | null
  readonly parent_bytes: Buffer | null
}

/** Convert a row to its event. @param body the decompressed payload */
export function readRow(row: EventRow, body: string): RecordedEvent {
  return {
    position: position(row.position),
    recordedAt: micros(row.recorded_at),
    hash: row.hash.toString('hex'),
    serviceProvider: spName(row.service_provider),
    source: sourceOf(row.source),
    messageId: readId(row.message_id),
    eventType: row.event_type,
    kind: kindOf(row.kind),
    emittedAt: row.emitted_at === null ? null : micros(row.emitted_at),
    resource:
      row.resource_type === null || row.resource_id === null
        ? null
        : { type: resourceTypeOf(row.resource_type), id: readResourceId(row.resource_id) },
    project: row.project === null ? null : readProjectId(row.project),
    parent: row.parent === null ? null : readResourceId(row.parent),
    wire: {
      exchange: row.exchange,
      routingKey: row.routing_key,
      envelope: readEnvelope(row.envelope),
    },
    body,
  }
}

function readEnvelope(text: string): Event['wire']['envelope'] {
  return text === '2.0' || text === '1.0' ? text : 'none'
}
