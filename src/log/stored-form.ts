import type { RecordedEvent } from '../event/event.js'
import { type StoredId, storeId } from '../event/stored.js'
import type { StoredRow } from './rows.js'

/**
 * How a row differs from the row that this version would store for its event; null if it does not.
 * The hash covers the event, not the row, so the chain cannot find such a difference.
 */
export function whyStoredOtherwise(row: StoredRow, event: RecordedEvent): string | null {
  const { resource, parent } = event
  const ids = [
    ['message_id', row.message_id, row.message_id_bytes, event.messageId],
    ['resource_id', row.resource_id, row.resource_id_bytes, resource?.id ?? null],
    ['parent', row.parent, row.parent_bytes, parent],
  ] as const
  for (const [column, stored, bytes, id] of ids) {
    if (!isStoredAs(stored, bytes, id)) return `its ${column} is not stored as this id is`
  }
  if ((row.resource_type === null) !== (resource === null)) {
    return 'its resource_type has no resource_id'
  }
  const times = [row.recorded_at, row.emitted_at ?? 0]
  return times.every(Number.isSafeInteger) ? null : 'its time is further away than times can be'
}

function isStoredAs(stored: StoredId | null, bytes: Buffer | null, id: string | null): boolean {
  if (id === null || stored === null) return stored === id
  const expected = storeId(id)
  if (typeof expected !== 'string') return Buffer.isBuffer(stored) && expected.equals(stored)
  return expected === stored && Buffer.from(expected).equals(bytes ?? Buffer.alloc(0))
}
