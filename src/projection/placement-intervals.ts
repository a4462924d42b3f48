import { kindCode } from '../event/stored.js'

/** What one event says of one resource, in the order of columns in which SQLite gives it. */
export type ResourceEvent = readonly [
  /** By the cloud's own clock, microseconds. */
  at: number,
  position: number,
  /** The code of an `EventKind`, or `GIVEN_WITH_PARENT`. */
  kind: number,
  project: number | null,
]

/** The transfer of what a resource was made from gives the resource away, too. */
export const GIVEN_WITH_PARENT = -1
const CREATED = kindCode('created')
const DELETED = kindCode('deleted')

/**
 * A time in which a cloud held a resource of one project. It begins with the event `from` and ends with
 * the event `to`, which is null while it lasts. A resource that is given away, or deleted and made
 * again, has several. One that is known only by its deletion has one of no length.
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
 * Fold all that is said of one resource in one cloud into its placements, in their order. The rules of
 * belief are those of `locations`: a deletion is final until a later creation, an update brings nothing
 * back, an event that names no project leaves the owner as it was.
 *
 * @param events in any order; they are put into the order in which they count
 */
export function foldPlacements(events: ResourceEvent[]): PlacementInterval[] {
  const intervals: PlacementInterval[] = []
  let open: PlacementInterval | null = null
  let isGone = false
  for (const [at, position, kind, project] of inOrder(events)) {
    const now = { at, position }
    if (kind === DELETED) {
      if (open !== null) intervals.push({ ...open, to: now })
      else if (!isGone) intervals.push({ from: now, owner: project, to: now })
      open = null
      isGone = true
    } else if (open === null) {
      if (kind === GIVEN_WITH_PARENT || (isGone && kind !== CREATED)) continue
      open = { from: now, owner: project, to: null }
    } else if (project !== null && project !== open.owner) {
      if (open.owner === null && open.from.at === at) {
        open = { from: open.from, owner: project, to: null } // unknown for no time at all
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
 * By their time; at equal times transfers of the parent first, deletions last, and in between as they
 * were recorded. They come by time and are most often in order.
 */
function inOrder(events: ResourceEvent[]): ResourceEvent[] {
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
  if (kind === GIVEN_WITH_PARENT) return 0
  return kind === DELETED ? 2 : 1
}
