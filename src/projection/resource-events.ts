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
const isTransferOfVolume = `e.resource_type = ${VOLUME} and ${isTransfer}`

/**
 * As `isTransferOfVolume`, for the events in a range of positions. Without the `+`, SQLite would read the events
 * of all volumes by the index, in each batch.
 */
export const isTransferOfVolumeInRange = `+e.resource_type = ${VOLUME} and ${isTransfer}`

/**
 * How many transfers of its volume a snapshot follows, the latest ones. A volume is transferred a few times in its
 * life. Without a limit, a cloud could make a row for each snapshot and each transfer of one volume.
 */
const MAX_PARENT_TRANSFERS = 20

/**
 * Prepare to read all events of a resource up to a position, including the latest transfers of its parent.
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
  own.raw()
  const parentTransfers = prepareParentTransfers(db, events)
  return (resource, upTo) => [...own.all({ ...resource, upTo }), ...parentTransfers(resource, upTo)]
}

/** How many parents are remembered. */
const MAX_PARENTS = 1000

/** Prepare to read the latest transfers of the parent of a resource. They are read once for all its children. */
export function prepareParentTransfers(
  db: Database,
  events: string,
): (
  child: Pick<Resource, 'parent' | 'service_provider'>,
  upTo: number,
) => readonly ResourceEvent[] {
  const latest = db.prepare<[object], ResourceEvent>(`
    select at, position, ${TRANSFERRED_WITH_PARENT}, project from ${events} e
    where ${isTransferOfVolume} and e.resource_id = :parent and e.service_provider = :service_provider
      and +e.position <= :upTo
    order by at desc, position desc limit ${MAX_PARENT_TRANSFERS}`)
  latest.raw()
  const known = new Map<string, readonly ResourceEvent[]>()
  let knownUpTo = 0
  return ({ parent, service_provider }, upTo) => {
    if (parent === null) return []
    if (upTo !== knownUpTo || known.size >= MAX_PARENTS) known.clear()
    knownUpTo = upTo
    const key = JSON.stringify([parent, service_provider])
    const transfers = known.get(key) ?? latest.all({ parent, service_provider, upTo })
    known.set(key, transfers)
    return transfers
  }
}
