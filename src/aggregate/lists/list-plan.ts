import type { ParsedPath } from '../../routing/path.js'
import { collectionRulesOf, listRulesOf } from '../../service/find-list-rules.js'
import type { CollectionRules } from '../../service/list-rules.js'
import { isSupported } from './list-microversion.js'
import { valuesOf, withParameters } from './list-query.js'
import { fixedOrder, parseSortOrder, type SortOrder } from './sort-order.js'

/** The parameter of the proxy's cursor in links. */
export const CURSOR = 'mm_cursor'

/** How to make a list from the lists of several clouds. */
export interface ListPlan {
  readonly rules: CollectionRules
  /** The path to request from the clouds, without a query. */
  readonly path: ParsedPath
  /** The query to request every page with. */
  readonly query: string
  readonly order: SortOrder
  /** Whether the list comes in pages. */
  readonly paged: boolean
  /** Whether requests to the clouds have a limit. */
  readonly limited: boolean
  /** The most items on a page. */
  readonly limit: number
  /** Items to skip where the page begins. */
  readonly offset: number
  /** The item after which the page begins; null for the first page. */
  readonly marker: string | null
  /** The proxy's cursor for the same position, not verified yet. */
  readonly cursor: string | null
  /** The members of an item that the client gets; null for all. */
  readonly members: readonly string[] | null
  /** Whether the clouds can filter items by their time of creation. */
  readonly filtersTime: boolean
}

const INTEGER = /^\s*\+?\d+\s*$/

/**
 * Read the parameters of a request for a list. A malformed limit or offset is forwarded to the clouds,
 * so that they reject it with their own message.
 *
 * @param minor the number after the point of the microversion
 */
export function planList(path: ParsedPath, minor: number): ListPlan {
  const { query } = path
  const lists = listRulesOf(path.service)
  const rules = collectionRulesOf(path.service, path.collection ?? '')
  const isDetailed = path.target.kind === 'collection' && path.target.word === 'detail'
  const members = isDetailed ? null : (rules.short ?? null)
  const paged = rules.paged === undefined || comesInPages(rules.paged, minor)
  const order = paged || !rules.paged ? parseSortOrder(query, lists) : fixedOrder(rules.paged)

  const limit = integerIn(query, 'limit')
  const isMalformedLimit = limit === null && valuesOf(query, 'limit').length > 0
  const pageLimit = Math.min(limit ?? lists.defaultLimit, lists.maxLimit)
  const offset = lists.offsets ? integerIn(query, 'offset') : null
  const isCounted = lists.offsets && valuesOf(query, 'with_count').length > 0
  return {
    rules,
    path: {
      ...path,
      query: '',
      rest: members ? `${path.rest.replace(/\/$/, '')}/detail` : path.rest,
    },
    query: withParameters(query, {
      marker: null,
      [CURSOR]: null,
      ...(isMalformedLimit ? {} : { limit: null }),
      ...(offset === null ? {} : { offset: null }),
    }),
    order,
    paged,
    limited: paged && !isMalformedLimit,
    limit: pageLimit,
    offset: offset ?? 0,
    marker: paged ? (valuesOf(query, 'marker').at(-1) ?? null) : null,
    cursor: valuesOf(query, CURSOR).at(-1) ?? null,
    members,
    filtersTime:
      rules.timeFilterSince !== undefined &&
      isSupported(rules.timeFilterSince, minor) &&
      order.keys[0]?.name === 'created_at' &&
      valuesOf(query, 'created_at').length === 0 &&
      !isCounted,
  }
}

/** Identifies a list, the same for all its pages: the same items in the same order. */
export function listIdentity({
  service,
  version,
  projectSegment,
  rest,
  query,
}: ParsedPath): string {
  const all = withParameters(query, { marker: null, limit: null, offset: null, [CURSOR]: null })
  return `/${service}/${version}/${projectSegment}${rest}${all}`
}

function comesInPages({ since }: NonNullable<CollectionRules['paged']>, minor: number): boolean {
  return since !== null && isSupported(since, minor)
}

/** null if the parameter is missing or not a natural number. */
function integerIn(query: string, name: string): number | null {
  const text = valuesOf(query, name).at(-1)
  return text !== undefined && INTEGER.test(text) ? Number(text) : null
}
