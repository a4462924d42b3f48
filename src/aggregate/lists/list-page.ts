import type { SpName } from '../../ids.js'
import type { Destination } from '../../upstream/destination.js'
import { createLinkMap, createLinkRules, createLinks } from '../../upstream/links.js'
import { failedCloud } from '../cloud-failures.js'
import type { FanOut } from '../fan-out.js'
import type { WalkedTo } from './cursor.js'
import { createFetchPage } from './fetch-page.js'
import type { ListPlan } from './list-plan.js'
import type { ListRequest } from './list-request.js'
import { type Item, type WalkStart, walkList } from './list-walk.js'
import { type Merged, merge } from './merge.js'
import { createComparator, type SortPosition } from './sort-order.js'

/** The list of one destination, and how far this page has taken items from it. */
export interface CloudList {
  readonly destination: Destination
  readonly start: WalkStart
  /** The id of the last item taken; null if none was. */
  taken: string | null
}

/** One page of the merged list. */
export interface ListPage {
  readonly items: readonly Item[]
  /** The number of all items, if the clouds were asked for it; else null. */
  readonly count: number | null
}

/** Merge the next page from the lists of all destinations. At most one page of each is in memory. */
export async function takePage(
  plan: ListPlan,
  cloudLists: readonly CloudList[],
  fanOut: FanOut,
  { path, envelope, among, publicBase, caller }: ListRequest,
): Promise<ListPage> {
  const compare = createComparator(plan.order, among)
  const to = `${publicBase}/${path.service}`
  const linksOf = (destination: Destination) =>
    createLinkRules(createLinks({ ...createLinkMap(path, caller, destination), to }), path)
  const size = pageSize(plan, cloudLists.length)
  let count: number | null = null
  const onCount = (own: number) => {
    count = (count ?? 0) + own
  }
  const walks = cloudLists.map(({ destination, start }) => {
    const parts = { plan, envelope, linksOf, fanOut, onCount, size }
    return walkList(start, createFetchPage(destination, parts), compare)
  })
  const merged = merge(walks, (a, b) => compare(a.position, b.position), isSameItem)
  return { items: await takeItems(plan, cloudLists, merged), count }
}

/** A page of this size is too small to split. */
const SMALL_PAGE = 100

/**
 * How many items to request from each list at a time: its share of a large page and a quarter more. If
 * the page needs more items of a list, that list is asked again.
 */
function pageSize({ limit }: ListPlan, lists: number): number {
  return Math.min(limit, Math.max(SMALL_PAGE, Math.ceil((1.25 * limit) / Math.max(lists, 1))))
}

/** Take the items of the page, and note in each list how far it was taken. */
async function takeItems(
  { offset, limit }: ListPlan,
  cloudLists: readonly CloudList[],
  merged: AsyncIterable<readonly Merged<Item>[]>,
): Promise<readonly Item[]> {
  const items: Item[] = []
  let skipped = 0
  const isFull = () => skipped === offset && items.length >= limit
  // Even for a page with no items one item is read, so that the clouds get the request and may reject it.
  for await (const run of merged) {
    for (const { item, from } of run) {
      if (isFull()) break
      for (const index of from) {
        const list = cloudLists[index]
        if (list) list.taken = item.position.id
      }
      if (skipped < offset) skipped += 1
      else items.push(item)
    }
    if (isFull()) break
  }
  return items
}

function isSameItem(a: Item, b: Item): boolean {
  return a.position.cloud === b.position.cloud && a.position.id === b.position.id
}

/** The furthest position of any item shown on this page, which ends with `last`, or on earlier pages. */
export function furthestPosition(
  last: SortPosition,
  { cloudLists, items }: { cloudLists: readonly CloudList[]; items: readonly Item[] },
  { order }: ListPlan,
  among: readonly SpName[],
): SortPosition {
  const compare = createComparator(order, among)
  const before = cloudLists.flatMap(({ start }) => (start.kind === 'first' ? [] : [start.position]))
  const all = [...before, ...items.map(({ position }) => position)]
  return all.reduce((most, mark) => (compare(mark, most) > 0 ? mark : most), last)
}

/** How far each list was taken. A list that failed before its first item is left out, as if it was never asked. */
export function walkedPlaces(
  cloudLists: readonly CloudList[],
  { failures }: FanOut,
): readonly WalkedTo[] {
  const failed = new Set(failures.map(failedCloud))
  return cloudLists
    .filter(
      ({ destination, start, taken }) =>
        taken !== null || start.kind !== 'first' || !failed.has(destination.cloud),
    )
    .map(({ destination: { cloud, project }, taken }) => ({ cloud, project, after: taken }))
}
