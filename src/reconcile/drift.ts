import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import { formatTime } from '../event/time.js'
import type { Micros, ProjectId, ResourceId, ResourceKey, ResourceType, SpName } from '../ids.js'

/**
 * What a cloud and the view of it disagree on.
 *
 * - `unknown`: the cloud has it, and the view has never heard of it there.
 * - `returned`: the cloud has it, and the view holds that it was deleted.
 * - `owner`: it belongs to another project there.
 * - `gone`: the view has it, and the cloud has not.
 */
export interface Drift {
  readonly difference: 'unknown' | 'returned' | 'owner' | 'gone'
  readonly resource: ResourceKey
  /** Whose it is; null where the cloud does not say, and of what is gone. */
  readonly project: ProjectId | null
  /** Whose it is by the view; null where it does not know, and of what it had not at all. */
  readonly believed: ProjectId | null
  /** What it was made from and moves with. */
  readonly parent: ResourceId | null
  /** When it was so, by the cloud's own clock and rather too early than too late. */
  readonly at: Micros
}

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
 * A difference as the event that mends it. It speaks of the one cloud that was asked and of no
 * other, so a listing is believed as far as a notification of that cloud is, and no farther.
 *
 * Its body is JSON, `project` and `believed` as in `Drift`:
 * `{"run": "<uuid>", "difference": "owner", "resource": {"type": "volume", "id": "…"},
 * "project": "…", "believed": "…"}`. Events of one run carry the same `run`.
 */
export function driftEvent(serviceProvider: SpName, run: string, drift: Drift): Event {
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

/** What a run came to at one cloud. */
export interface Outcome {
  /** By our own clock. */
  readonly beganAt: Micros
  /** null where nobody could log in there. */
  readonly as: Sight | null
  readonly collections: readonly Compared[]
  /** What could not be compared, and why; nothing of it was declared gone. */
  readonly failed: readonly Failure[]
}

/** With which eyes a cloud was looked at: `project` where the user is no administrator there. */
export interface Sight {
  readonly sees: 'everything' | 'project'
  /** The project that the user acts in, and the only one that it sees in full if not everything. */
  readonly project: ProjectId
}

/** One type of resource at one cloud: how many there are, and what the view had wrong. */
export interface Compared {
  readonly type: ResourceType
  readonly listed: number
  readonly drift: Readonly<Record<Drift['difference'], number>>
}

/** How many differences a run found. */
export function differencesIn({ collections }: Outcome): number {
  const counts = collections.flatMap(({ drift }) => Object.values(drift))
  return counts.reduce((sum, count) => sum + count, 0)
}

export interface Failure {
  /** null where it was the cloud as a whole. */
  readonly type: ResourceType | null
  readonly reason: string
}

/**
 * That a run came to its end at a cloud, as an event that moves nothing, also where it found no
 * difference. It is called incomplete where anything failed.
 *
 * Its body is JSON: `{"run": "<uuid>", "began_at": "2026-…Z", "as": {"sees": "everything",
 * "project": "…"}, "collections": [{"type": "image", "listed": 7, "drift": {"unknown": 1,
 * "returned": 0, "owner": 0, "gone": 2}}], "failed": [{"type": "backup", "reason": "…"}]}`.
 */
export function finishedEvent(
  serviceProvider: SpName,
  run: string,
  { beganAt, as, collections, failed }: Outcome,
  at: Micros,
): Event {
  return createOwnEvent({
    serviceProvider,
    source: 'reconcile',
    eventType:
      failed.length === 0 ? ownEventTypes.reconcileFinished : ownEventTypes.reconcileIncomplete,
    emittedAt: at,
    routingKey: completelyListed(as, collections),
    body: { run, began_at: formatTime(beganAt), as, collections, failed },
  })
}

/**
 * The types of which an administrator saw everything, with blanks between: what the log does not hold
 * at this cloud by now is not there. They stand where notifications have their routing key, because
 * views read no bodies.
 */
function completelyListed(as: Sight | null, collections: readonly Compared[]): string {
  return as?.sees === 'everything' ? collections.map(({ type }) => type).join(' ') : ''
}
