import type { RecordedEvent } from '../event/event.js'
import { resourceTypeCode, storeId } from '../event/stored.js'
import { type Position, position, type ResourceId, resourceTypes } from '../ids.js'
import type { LogReader } from '../log/log.js'

/** Which part of history to replay. */
export interface Selection {
  /** The first and the last event. */
  readonly from: Position
  readonly until: Position
  /** Event types, of which the end may be left open: `volume.*`. None for any. */
  readonly types: readonly string[]
  readonly serviceProviders: readonly string[]
  /** Only what is said of this id. */
  readonly resource: ResourceId | null
}

/** The events of a selection, in their order; one at a time, however many there are. */
export function* selected(log: LogReader, selection: Selection): Generator<RecordedEvent> {
  const isMeant = matcher(selection)
  for (const event of candidates(log, selection)) if (isMeant(event)) yield event
}

function* candidates(
  log: LogReader,
  { from, until, resource }: Selection,
): Generator<RecordedEvent> {
  if (resource === null) {
    yield* log.read({ after: position(from - 1), upTo: until })
    return
  }
  // A walk over the narrow rows, for the index knows only what moves something. Bodies come after.
  const positions = log.db
    .prepare<{ id: Buffer | string; from: number; until: number }, number>(
      `select position from events where resource_type in (${resourceTypes.map(resourceTypeCode)})
        and resource_id = :id and position between :from and :until order by position`,
    )
    .pluck()
    .all({ id: storeId(resource), from, until })
  for (const at of positions) {
    const event = log.get(position(at))
    if (event) yield event
  }
}

function matcher({ types, serviceProviders }: Selection): (event: RecordedEvent) => boolean {
  const isType = (eventType: string) =>
    types.length === 0 ||
    types.some(type =>
      type.endsWith('*') ? eventType.startsWith(type.slice(0, -1)) : eventType === type,
    )
  const isCloud = (cloud: string) =>
    serviceProviders.length === 0 || serviceProviders.includes(cloud)
  return event => isCloud(event.serviceProvider) && isType(event.eventType)
}
