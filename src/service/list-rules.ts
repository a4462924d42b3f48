import type { JsonObject } from '../json.js'
import type { ServiceName } from './service.js'

/** How a service cuts its lists into pages and puts them in order, as data. */
export interface ListRules {
  /** Items of a page where the request does not say how many. */
  readonly defaultLimit: number
  /** What clouds cut a larger limit down to, unless they are configured otherwise. */
  readonly maxLimit: number
  /** Whether `sort_key` and `sort_dir` may be repeated; where they may not, the first counts. */
  readonly repeatedSortKeys: boolean
  /** Members of items by the names under which lists are sorted by them, where those differ. */
  readonly shownAs: Readonly<Record<string, string>>
  /**
   * To break ties, services add `created_at` and `id`: in the direction of the first key, or, unless
   * there is `only` one direction, from the newest to the oldest.
   */
  readonly addedDirection: 'first' | 'only'
  /** `offset` and `with_count`. */
  readonly offsets: boolean
  /** By their segment of the path; what is not here is like an empty entry. */
  readonly collections: Readonly<Record<string, CollectionRules>>
}

/** What is particular to the lists of one collection. */
export interface CollectionRules {
  /**
   * Where the way to the next page stands: in a member of its own, as a path with the query, or in
   * an array of links of this name. Absent where clients find the way themselves.
   */
  readonly next?: { readonly member: string } | { readonly links: string }
  /** Other members of the answer: a path, and whether the query belongs to it. */
  readonly constants?: Readonly<Record<string, { readonly path: string; readonly query: boolean }>>
  /** Absent where it always comes in pages. */
  readonly paged?: {
    /** The microversion from which on it does; null where it never does. */
    readonly since: string | null
    /** Its order before, which no parameter changes. */
    readonly before: 'newest first' | 'oldest first'
  }
  /**
   * The members of an item in the short form of the list, where that leaves out what lists are
   * ordered by. They are then taken from the form at `detail`.
   */
  readonly short?: readonly string[]
  /** Filters by time, from this microversion on; null from any. Absent where there are none. */
  readonly timeFilterSince?: string | null
}

/** Whether a page of a list has a link to the next. A service may also write null or no links at all. */
export function hasNextPage({ next }: CollectionRules, page: JsonObject): boolean {
  if (!next) return false
  const links = page['member' in next ? next.member : next.links]
  return Array.isArray(links) ? links.length > 0 : typeof links === 'string' && links !== ''
}

export type AllListRules = Readonly<Record<ServiceName, ListRules>>
