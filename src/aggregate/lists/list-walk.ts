import type { SortPosition } from './sort-order.js'

/** One item of a list. */
export interface Item {
  readonly mark: SortPosition
  /** As its cloud shows it: a JSON text. */
  readonly shown: string
}

/** Where a page begins: after an item that the cloud knows, or somewhere before a place in the order. */
export interface PageFrom {
  readonly after: string | null
  /** No item up to here is wanted, and so the cloud may leave out those that it can tell. */
  readonly beyond: SortPosition | null
}

export interface CloudPage {
  readonly items: readonly Item[]
  /** Whether the cloud may have more after these; not where there are none. */
  readonly more: boolean
}

/** Ask a cloud for one page; null where it does not know the item that the page is to begin after. */
export type FetchPage = (from: PageFrom) => Promise<CloudPage | null>

/** Where a walk begins. */
export type WalkStart =
  | { readonly kind: 'first' }
  /** After an item, or where it would stand if it is gone: `mark`, or what else was told last. */
  | { readonly kind: 'after'; readonly id: string; readonly mark: SortPosition }
  | { readonly kind: 'beyond'; readonly mark: SortPosition }

/**
 * All items of one list after a start, in the cloud's own order, a page at a time and each only when
 * it is asked for. Items that are deleted on the way, even the one that a page ends with, neither end
 * the walk nor make it begin anew.
 */
export async function* walkList(
  start: WalkStart,
  fetchPage: FetchPage,
  compare: (a: SortPosition, b: SortPosition) => number,
): AsyncGenerator<Item, void> {
  let last = start.kind === 'first' ? null : start.mark
  let from: PageFrom = {
    after: start.kind === 'after' ? start.id : null,
    beyond: start.kind === 'beyond' ? start.mark : null,
  }
  for (;;) {
    const page: CloudPage | null = await fetchPage(from)
    if (page === null) {
      from = { after: null, beyond: from.beyond ?? last }
      continue
    }
    let { beyond } = from
    for (const item of page.items) {
      last = item.mark
      if (beyond && compare(item.mark, beyond) <= 0) continue
      beyond = null
      yield item
    }
    if (!page.more || last === null) return
    from = { after: last.id, beyond }
  }
}
