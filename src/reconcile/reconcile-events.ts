import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import { formatTime } from '../event/time.js'
import type { Micros, ProjectId, ResourceType, SpName } from '../ids.js'
import type { Drift } from '../projection/listing-comparison.js'

const types = {
  unknown: ownEventTypes.reconcileUnknown,
  returned: ownEventTypes.reconcileReturned,
  owner: ownEventTypes.reconcileOwner,
  gone: ownEventTypes.reconcileGone,
} as const
const kinds = {
  unknown: 'created',
  returned: 'created',
  owner: 'changed',
  gone: 'deleted',
} as const

/**
 * The event that corrects the view. It has the same effect as a notification of the cloud that was read,
 * and no effect on other clouds.
 *
 * Its body is JSON, `project` and `believed` as in `Drift`:
 * `{"run": "<uuid>", "difference": "owner", "resource": {"type": "volume", "id": "…"},
 * "project": "…", "believed": "…"}`. Events of one run carry the same `run`.
 */
export function createDriftEvent(serviceProvider: SpName, run: string, drift: Drift): Event {
  const { difference, resource, project, believed, parent, at } = drift
  return createOwnEvent({
    serviceProvider,
    source: 'reconcile',
    eventType: types[difference],
    kind: kinds[difference],
    emittedAt: at,
    resource,
    project: project ?? (difference === 'gone' ? believed : null),
    parent,
    body: { run, difference, resource, project, believed },
  })
}

/** The result of a run at one cloud. */
export interface ReconcileOutcome {
  /** By our own clock. */
  readonly beganAt: Micros
  /** null if the login failed. */
  readonly as: Visibility | null
  readonly collections: readonly ComparedCollection[]
  /** What could not be compared, and why. None of it counts as deleted. */
  readonly failed: readonly ReconcileFailure[]
}

/** What the user of a run can see at a cloud: only `project` if the user is not an administrator. */
export interface Visibility {
  readonly sees: 'everything' | 'project'
  /** The project of the user. Without `everything` it is the only one that the user sees completely. */
  readonly project: ProjectId
}

/** One type of resource at one cloud: how many there are, and how many differences. */
export interface ComparedCollection {
  readonly type: ResourceType
  readonly listed: number
  readonly drift: Readonly<Record<Drift['difference'], number>>
}

/** The number of differences that a run found. */
export function countDifferences({ collections }: ReconcileOutcome): number {
  const counts = collections.flatMap(({ drift }) => Object.values(drift))
  return counts.reduce((sum, count) => sum + count, 0)
}

export interface ReconcileFailure {
  /** null for the cloud as a whole. */
  readonly type: ResourceType | null
  readonly reason: string
}

/**
 * The event at the end of a run at a cloud, also without differences. It changes no location. Its type is
 * `incomplete` if anything failed.
 *
 * Its body is JSON: `{"run": "<uuid>", "began_at": "2026-…Z", "as": {"sees": "everything",
 * "project": "…"}, "collections": [{"type": "image", "listed": 7, "drift": {"unknown": 1,
 * "returned": 0, "owner": 0, "gone": 2}}], "failed": [{"type": "backup", "reason": "…"}]}`.
 */
export function createFinishedEvent(
  serviceProvider: SpName,
  run: string,
  { beganAt, as, collections, failed }: ReconcileOutcome,
  at: Micros,
): Event {
  return createOwnEvent({
    serviceProvider,
    source: 'reconcile',
    eventType:
      failed.length === 0 ? ownEventTypes.reconcileFinished : ownEventTypes.reconcileIncomplete,
    emittedAt: at,
    routingKey: completeTypes(as, collections),
    body: { run, began_at: formatTime(beganAt), as, collections, failed },
  })
}

/**
 * The types of which an administrator saw all resources, separated by blanks. A resource of such a type
 * that the log does not have at this cloud does not exist there. The types are in the field of the routing
 * key, because views do not read bodies.
 */
function completeTypes(as: Visibility | null, collections: readonly ComparedCollection[]): string {
  return as?.sees === 'everything' ? collections.map(({ type }) => type).join(' ') : ''
}
