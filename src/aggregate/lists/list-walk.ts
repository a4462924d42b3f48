import type { SortPosition } from './sort-order.js'

/** One item of a list. */
export interface Item {
  readonly position: SortPosition
  /** The item as its cloud shows it, with links to the proxy. */
  readonly json: string
}

/** Where a page of a cloud begins: after an item that the cloud knows, or before a position in the order. */
export interface PageFrom {
  readonly after: string | null
  /** Items up to here are not needed. The cloud may leave them out. */
  readonly beyond: SortPosition | null
}

/** A page of one cloud. */
export interface CloudPage {
  readonly items: readonly Item[]
  /** Whether there may be more items; never with an empty page. */
  readonly more: boolean
}

/** Fetches one page; null if the cloud does not know the item after which the page should begin. */
export type FetchPage = (from: PageFrom) => Promise<CloudPage | null>

/** Where to begin in the list of one cloud. */
export type WalkStart =
  | { readonly kind: 'first' }
  /** After an item; if it was deleted, after the position. */
  | { readonly kind: 'after'; readonly id: string; readonly position: SortPosition }
  | { readonly kind: 'beyond'; readonly position: SortPosition }

/**
 * All items of one list after a start, in the cloud's own order, in pages that are not empty. A page is
 * fetched when it is asked for. The walk continues if an item is deleted meanwhile, even the last item of a
 * page.
 */
export async function* walkList(
  start: WalkStart,
  fetchPage: FetchPage,
  compare: (a: SortPosition, b: SortPosition) => number,
): AsyncGenerator<readonly Item[], void> {
  let last = start.kind === 'first' ? null : start.position
  let from: PageFrom = {
    after: start.kind === 'after' ? start.id : null,
    beyond: start.kind === 'beyond' ? start.position : null,
  }
  for (;;) {
    const page: CloudPage | null = await fetchPage(from)
    if (page === null) {
      from = { after: null, beyond: from.beyond ?? last }
      continue
    }
    const { beyond } = from
    const index = beyond ? page.items.findIndex(item => compare(item.position, beyond) > 0) : 0
    const needed = index < 0 ? [] : page.items.slice(index)
    last = page.items.at(-1)?.position ?? last
    if (needed.length > 0) yield needed
    if (!page.more || last === null) return
    from = { after: last.id, beyond: needed.length > 0 ? null : beyond }
  }
}
