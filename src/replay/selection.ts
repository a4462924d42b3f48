import type { RecordedEvent } from '../event/event.js'
import { resourceTypeCode, storeId } from '../event/stored.js'
import { type Position, position, type ResourceId, resourceTypes } from '../ids.js'
import type { LogReader } from '../log/event-log.js'

/** Which events to replay. */
export interface Selection {
  /** The first and the last event, inclusive. */
  readonly from: Position
  readonly until: Position
  /** Event types. A `*` at the end matches any text: `volume.*`. Empty for all. */
  readonly types: readonly string[]
  readonly serviceProviders: readonly string[]
  /** Only events about this id; null for all. */
  readonly resource: ResourceId | null
}

/** Yield the events of a selection in order. */
export function* selectEvents(log: LogReader, selection: Selection): Generator<RecordedEvent> {
  const matches = createMatcher(selection)
  for (const event of candidates(log, selection)) if (matches(event)) yield event
}

function* candidates(
  log: LogReader,
  { from, until, resource }: Selection,
): Generator<RecordedEvent> {
  if (resource === null) {
    yield* log.read({ after: position(from - 1), upTo: until })
    return
  }
  // The index lacks events that change no location. So this scans all rows, but reads only the bodies of matches.
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

function createMatcher({ types, serviceProviders }: Selection): (event: RecordedEvent) => boolean {
  const isType = (eventType: string) =>
    types.length === 0 ||
    types.some(type =>
      type.endsWith('*') ? eventType.startsWith(type.slice(0, -1)) : eventType === type,
    )
  const isCloud = (cloud: string) =>
    serviceProviders.length === 0 || serviceProviders.includes(cloud)
  return event => isCloud(event.serviceProvider) && isType(event.eventType)
}
