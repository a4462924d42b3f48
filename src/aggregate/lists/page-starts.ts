import { resourceId, type SpName } from '../../ids.js'
import type { ParsedPath } from '../../routing/path.js'
import { buildResourcePath } from '../../routing/upstream-path.js'
import type { Destination } from '../../upstream/destination.js'
import { type FanOut, isSuccess } from '../fan-out.js'
import type { Cursor } from './cursor.js'
import { sortPositionIn } from './fetch-page.js'
import type { ListPlan } from './list-plan.js'
import type { WalkStart } from './list-walk.js'
import { createComparator, type SortPosition } from './sort-order.js'

/** Where the page begins in the list of one destination. */
type StartOf = (destination: Destination) => WalkStart

/**
 * Find where a page begins. A cursor says it for every cloud. A marker alone, which clients may make
 * themselves, names an item of one cloud. Its sort position gives the start in the others.
 *
 * @returns null if no cloud knows the marker
 */
export async function findPageStarts(
  plan: ListPlan,
  fanOut: FanOut,
  request: { path: ParsedPath; among: readonly SpName[] },
  readCursor: (text: string) => Cursor | null,
): Promise<StartOf | null> {
  const { marker } = plan
  if (marker === null) return () => ({ kind: 'first' })
  const cursor = plan.cursor === null ? null : readCursor(plan.cursor)
  if (cursor?.last === marker) return destination => startAtCursor(destination, cursor)
  return findMarker(marker, plan, fanOut, request)
}

function startAtCursor({ cloud, project }: Destination, { reached, places }: Cursor): WalkStart {
  const own = places.filter(place => place.cloud === cloud)
  const place = own.find(place => place.project === project)
  if (place?.after) return { kind: 'after', id: place.after, position: reached }
  // No page has shown an item of this cloud yet; it may have been down.
  return own.length === 0 ? { kind: 'first' } : { kind: 'beyond', position: reached }
}

async function findMarker(
  marker: string,
  plan: ListPlan,
  fanOut: FanOut,
  { path, among }: { path: ParsedPath; among: readonly SpName[] },
): Promise<StartOf | null> {
  const { target } = path
  if (target.kind !== 'collection') return null
  const { type } = target
  const itemPath = buildResourcePath({ type, id: resourceId(marker) }, path)
  if (itemPath === null) return null

  const found = new Map<Destination, SortPosition>()
  await Promise.all(
    fanOut.destinations.map(async destination => {
      const response = await fanOut.fetchOther(destination, itemPath)
      if (!response || !isSuccess(response)) return
      const position = sortPositionIn(response, type, destination.cloud, plan.order)
      if (position) found.set(destination, position)
    }),
  )
  // Several clouds may hold the same image. Begin after the first of them, so that no item is lost.
  const [position] = [...found.values()].sort(createComparator(plan.order, among))
  if (position === undefined) return null
  return destination =>
    found.has(destination) && destination.cloud === position.cloud
      ? { kind: 'after', id: position.id, position }
      : { kind: 'beyond', position }
}
