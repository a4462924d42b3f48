import { kindCode } from '../event/stored.js'

/** One event about one resource, as a row of SQLite. */
export type ResourceEvent = readonly [
  /** By the cloud's own clock, microseconds. */
  at: number,
  position: number,
  /** The code of an `EventKind`, or `TRANSFERRED_WITH_PARENT`. */
  kind: number,
  project: number | null,
]

/** A volume transfer also transfers the snapshots of the volume. This kind stands for it in their rows. */
export const TRANSFERRED_WITH_PARENT = -1
const CREATED = kindCode('created')
const DELETED = kindCode('deleted')

/**
 * A time in which a cloud held a resource of one project. It begins with the event `from` and ends with
 * the event `to`, which is null for a present placement. A resource that was transferred, or deleted
 * and created again, has several. If only its deletion is known, it has one of zero length.
 */
export interface PlacementInterval {
  readonly from: Moment
  readonly owner: number | null
  readonly to: Moment | null
}

export interface Moment {
  readonly at: number
  readonly position: number
}

/**
 * Fold all events about one resource at one cloud into its placements, in order. The rules are those of
 * the view `locations`: a deletion is final until a later creation, an update does not restore a
 * deleted resource, and an event without a project does not change the owner.
 *
 * @param events in any order; this function sorts them in place
 */
export function foldPlacements(events: ResourceEvent[]): PlacementInterval[] {
  const intervals: PlacementInterval[] = []
  let open: PlacementInterval | null = null
  let isGone = false
  for (const [at, position, kind, project] of sortEvents(events)) {
    const now = { at, position }
    if (kind === DELETED) {
      if (open !== null) intervals.push({ ...open, to: now })
      else if (!isGone) intervals.push({ from: now, owner: project, to: now })
      open = null
      isGone = true
    } else if (open === null) {
      if (kind === TRANSFERRED_WITH_PARENT || (isGone && kind !== CREATED)) continue
      open = { from: now, owner: project, to: null }
    } else if (project !== null && project !== open.owner) {
      if (open.owner === null && open.from.at === at) {
        open = { from: open.from, owner: project, to: null } // the owner was unknown for no time
        continue
      }
      intervals.push({ ...open, to: now })
      open = { from: now, owner: project, to: null }
    }
  }
  if (open !== null) intervals.push(open)
  return intervals
}

/**
 * Sort by time. At equal times transfers of the parent are first and deletions last; the others are in
 * the order of recording. The events are usually sorted already.
 */
function sortEvents(events: ResourceEvent[]): ResourceEvent[] {
  for (let index = 1; index < events.length; index += 1) {
    const [one, other] = [events[index - 1], events[index]]
    if (one && other && one[0] >= other[0]) return events.sort(compare)
  }
  return events
}

function compare(one: ResourceEvent, other: ResourceEvent): number {
  return one[0] - other[0] || rankOf(one) - rankOf(other) || one[1] - other[1]
}

function rankOf([, , kind]: ResourceEvent): number {
  if (kind === TRANSFERRED_WITH_PARENT) return 0
  return kind === DELETED ? 2 : 1
}
