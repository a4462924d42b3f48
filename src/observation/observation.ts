import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import type { Micros, ProjectId, ResourceId, ResourceKey, SpName } from '../ids.js'

/**
 * What the proxy learned from a response of a cloud.
 *
 * - `created`: the response to a successful create contains this id.
 * - `found`: a read found a resource at this cloud. The log did not have it there.
 * - `missing`: the log has it at this cloud, and a read in its own project got 404.
 * - `absent`: the log has it at another cloud, and a read for the user's `project` got 404 here.
 */
export interface Observation {
  readonly learned: 'created' | 'found' | 'missing' | 'absent'
  readonly serviceProvider: SpName
  readonly resource: ResourceKey
  /** The owner at this cloud; for `absent`, the user's project at the identity provider. */
  readonly project: ProjectId | null
  readonly parent: ResourceId | null
  /** By the clock of the cloud (its Date header), which notifications use too. */
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
 * Make the event for an observation. A successful create becomes only `changed`: its id is new anyway, and
 * a Date header has whole seconds, so a `created` could undo a deletion in the same second.
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
