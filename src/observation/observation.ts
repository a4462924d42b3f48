import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import type { Micros, ProjectId, ResourceId, ResourceKey, SpName } from '../ids.js'

/**
 * What the proxy learned from an answer that it passed on.
 *
 * - `created`: a create was answered 2xx with this id.
 * - `found`: it was unknown, and a search found it alive.
 * - `missing`: it was located there, and a read with a token of its own project answered 404.
 * - `absent`: another cloud claims it, and a read for the user's `project` answered 404 here.
 */
export interface Observation {
  readonly learned: 'created' | 'found' | 'missing' | 'absent'
  readonly serviceProvider: SpName
  readonly resource: ResourceKey
  /** The owner there; of what is `absent`, the user's project at the identity provider. */
  readonly project: ProjectId | null
  readonly parent: ResourceId | null
  /** By the cloud's own clock (the answer's Date header), so that it compares with its notifications. */
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
 * An observation as an event like any other. A create that was answered is only `changed`: ids are
 * new, and a Date header's whole seconds must not outlive a deletion in the same second.
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
