import { resourceId, type SpName } from '../../ids.js'
import type { ParsedPath } from '../../routing/path.js'
import { pathOf } from '../../routing/upstream-path.js'
import type { Destination } from '../../upstream/destination.js'
import { type FanOut, isSuccess } from '../fan-out.js'
import type { Cursor } from './cursor.js'
import { sortPositionIn } from './fetch-page.js'
import type { ListPlan } from './list-plan.js'
import type { WalkStart } from './list-walk.js'
import { createComparator, type SortPosition } from './sort-order.js'

/** Where a page begins in the list of one destination. */
export type StartOf = (destination: Destination) => WalkStart

/**
 * Find where a page begins. Our cursor says it for every cloud; a marker alone, which clients make
 * themselves, names an item of one cloud, and its place in the others follows from the order. Null
 * where no cloud knows the marker.
 */
export async function findPageStarts(
  plan: ListPlan,
  round: FanOut,
  request: { path: ParsedPath; among: readonly SpName[] },
  readCursor: (text: string) => Cursor | null,
): Promise<StartOf | null> {
  const { marker } = plan
  if (marker === null) return () => ({ kind: 'first' })
  const cursor = plan.cursor === null ? null : readCursor(plan.cursor)
  if (cursor?.last === marker) return destination => startAt(destination, cursor)
  return findMarker(marker, plan, round, request)
}

function startAt({ cloud, project }: Destination, { reached, places }: Cursor): WalkStart {
  const own = places.filter(place => place.cloud === cloud)
  const place = own.find(place => place.project === project)
  if (place?.after) return { kind: 'after', id: place.after, mark: reached }
  // Of a cloud that no page has had anything of yet, nothing was told: it was not there, perhaps.
  return own.length === 0 ? { kind: 'first' } : { kind: 'beyond', mark: reached }
}

async function findMarker(
  marker: string,
  plan: ListPlan,
  round: FanOut,
  { path, among }: { path: ParsedPath; among: readonly SpName[] },
): Promise<StartOf | null> {
  const { target } = path
  if (target.kind !== 'collection') return null
  const { type } = target
  const itself = pathOf({ type, id: resourceId(marker) }, path)
  if (itself === null) return null

  const found = new Map<Destination, SortPosition>()
  await Promise.all(
    round.destinations.map(async destination => {
      const answer = await round.askAside(destination, itself)
      const mark =
        answer && isSuccess(answer) && sortPositionIn(answer, type, destination.cloud, plan.order)
      if (mark) found.set(destination, mark)
    }),
  )
  // The same image may be in several clouds. What comes after the first of them is not lost.
  const [mark] = [...found.values()].sort(createComparator(plan.order, among))
  if (mark === undefined) return null
  return destination =>
    found.has(destination) && destination.cloud === mark.cloud
      ? { kind: 'after', id: mark.id, mark }
      : { kind: 'beyond', mark }
}
