import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import type { Micros, ProjectId, ResourceId, ResourceKey, SpName } from '../ids.js'

/**
 * What the proxy learned from a response of a cloud.
 *
 * - `created`: a successful create named this id.
 * - `found`: a read found a resource there that the log did not know to be there.
 * - `missing`: it was located there, and a read in its own project got 404.
 * - `absent`: another cloud claims it, and a read for the user's `project` got 404 here.
 */
export interface Observation {
  readonly learned: 'created' | 'found' | 'missing' | 'absent'
  readonly serviceProvider: SpName
  readonly resource: ResourceKey
  /** The owner there; for `absent`, the user's project at the identity provider. */
  readonly project: ProjectId | null
  readonly parent: ResourceId | null
  /** By the clock of the cloud (its Date header), so that it can be compared with notifications. */
  readonly observedAt: Micros
  readonly requestId: string
}

const kinds = {
  created: 'changed',
  found: 'created',
  missing: 'deleted',
  absent: 'noted',
} as const
const types = {
  created: ownEventTypes.observedCreated,
  found: ownEventTypes.observedFound,
  missing: ownEventTypes.observedMissing,
  absent: ownEventTypes.observedAbsent,
} as const

/**
 * An observation as an event. A successful create is only `changed`: its id is new, and the whole
 * seconds of a Date header must not be later than a deletion in the same second.
 */
export function toEvent(observation: Observation): Event {
  const { learned, serviceProvider, resource, project, parent, observedAt, requestId } = observation
  return createOwnEvent({
    serviceProvider,
    source: 'proxy',
    eventType: types[learned],
    kind: kinds[learned],
    emittedAt: observedAt,
    resource,
    project,
    parent,
    body: { learned, resource, project, request_id: requestId },
  })
}
