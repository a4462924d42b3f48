import type { JsonObject } from '../json.js'
import type { ServiceName } from './service.js'

/** How a service divides its lists into pages and sorts them, as data. */
export interface ListRules {
  /** The number of items on a page if the request does not say it. */
  readonly defaultLimit: number
  /** The largest limit that clouds accept by default. They reduce a larger one to this. */
  readonly maxLimit: number
  /** Whether `sort_key` and `sort_dir` may be repeated; if not, the first one counts. */
  readonly repeatedSortKeys: boolean
  /** Sort keys whose member in an item has another name. */
  readonly shownAs: Readonly<Record<string, string>>
  /**
   * To break ties, services add the keys `created_at` and `id`. `first`: in the direction of the first
   * key. `only`: in the direction of the only key; if there are several, from the newest to the oldest.
   */
  readonly addedDirection: 'first' | 'only'
  /** Whether lists have `offset` and `with_count`. */
  readonly offsets: boolean
  /** By their segment of the path. A missing collection is like an empty entry. */
  readonly collections: Readonly<Record<string, CollectionRules>>
}

/** What is particular to the lists of one collection. */
export interface CollectionRules {
  /**
   * Where the link to the next page is: in a member with this name, as a path with the query, or in an
   * array of links with this name. Absent if clients make the link themselves.
   */
  readonly next?: { readonly member: string } | { readonly links: string }
  /** Other members of the response: a path, and whether the query is appended to it. */
  readonly constants?: Readonly<Record<string, { readonly path: string; readonly query: boolean }>>
  /** Absent if the list always has pages. */
  readonly paged?: {
    /** The first microversion with pages; null if it never has pages. */
    readonly since: string | null
    /** The order of the list without pages, which no parameter changes. */
    readonly before: 'newest first' | 'oldest first'
  }
  /**
   * The members of an item in the short form of the list, if that form lacks the sort keys. The proxy
   * then requests the `detail` form and keeps only these members.
   */
  readonly short?: readonly string[]
  /** The first microversion with time filters; null if all have them. Absent if none has. */
  readonly timeFilterSince?: string | null
}

/** Whether a page of a list has a link to the next. A service may also write null or no links at all. */
export function hasNextPage({ next }: CollectionRules, page: JsonObject): boolean {
  if (!next) return false
  const links = page['member' in next ? next.member : next.links]
  return Array.isArray(links) ? links.length > 0 : typeof links === 'string' && links !== ''
}

export type AllListRules = Readonly<Record<ServiceName, ListRules>>
