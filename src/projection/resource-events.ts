import type { Database } from 'better-sqlite3'
import { kindCode, resourceTypeCode, type StoredId } from '../event/stored.js'
import { type ResourceEvent, TRANSFERRED_WITH_PARENT } from './placement-intervals.js'

/** One resource at one cloud, in the numbers of the log. */
export interface Resource {
  readonly resource_type: number
  readonly resource_id: StoredId
  readonly service_provider: number
  /** The resource that it was made from. */
  readonly parent: StoredId | null
}

const VOLUME = resourceTypeCode('volume')
const isTransfer = `e.kind > 0 and e.kind = ${kindCode('transferred')} and e.project is not null`

/** SQL: whether the event `e` is a volume transfer, which also transfers the snapshots of the volume. */
export const isTransferOfVolume = `e.resource_type = ${VOLUME} and ${isTransfer}`

/**
 * As `isTransferOfVolume`, for the events in a range of positions. Without the `+`, SQLite would read the events
 * of all volumes by the index, in each batch.
 */
export const isTransferOfVolumeInRange = `+e.resource_type = ${VOLUME} and ${isTransfer}`

/**
 * Prepare to read all events of a resource up to a position, including the transfers of its parent.
 *
 * @param events a table of events, or a view of several
 */
export function prepareResourceEvents(
  db: Database,
  events: string,
): (resource: Resource, upTo: number) => ResourceEvent[] {
  const own = db.prepare<[object], ResourceEvent>(`
    select at, position, kind, project from ${events} e
    where e.resource_type = :resource_type and e.resource_id = :resource_id
      and e.service_provider = :service_provider and e.kind > 0 and +e.position <= :upTo
    order by at`)
  const parentTransfers = db.prepare<[object], ResourceEvent>(`
    select at, position, ${TRANSFERRED_WITH_PARENT}, project from ${events} e
    where ${isTransferOfVolume} and e.resource_id = :parent and e.service_provider = :service_provider
      and +e.position <= :upTo`)
  own.raw()
  parentTransfers.raw()
  return (resource, upTo) => {
    const found = own.all({ ...resource, upTo })
    return resource.parent === null
      ? found
      : [...found, ...parentTransfers.all({ ...resource, upTo })]
  }
}
