import type { ParsedPath } from '../../routing/path.js'
import type { CollectionRules } from '../../service/list-rules.js'
import { collectionRulesOf, listRulesOf } from '../../service/lists.js'
import { isSupported } from './list-microversion.js'
import { valuesOf, withParameters } from './list-query.js'
import { fixedOrder, parseSortOrder, type SortOrder } from './sort-order.js'

/** The name under which our own position in a list stands in links. */
export const CURSOR = 'mm_cursor'

/** How a list that several clouds have a part of is put together. */
export interface ListPlan {
  readonly rules: CollectionRules
  /** What the clouds are asked for, without a query. */
  readonly path: ParsedPath
  /** What they are asked with on every page. */
  readonly query: string
  readonly order: SortOrder
  /** Whether there are pages at all. */
  readonly paged: boolean
  /** Whether the clouds are to be told how many items to give at a time. */
  readonly limited: boolean
  /** Items on the page at most. */
  readonly limit: number
  /** Items to leave out, where the page begins. */
  readonly offset: number
  /** The item after which the page begins; null for the first page. */
  readonly marker: string | null
  /** Our own word for the same place, as yet unchecked. */
  readonly cursor: string | null
  /** The members of an item that the client gets; null for all. */
  readonly members: readonly string[] | null
  /** Whether the clouds can leave out what was created on the wrong side of a moment. */
  readonly filtersTime: boolean
}

const INTEGER = /^\s*\+?\d+\s*$/

/**
 * Read what a request for a list asks for. A limit or offset that is none goes on to the clouds as it
 * came, so that they say so in their own words.
 *
 * @param minor the microversion, by the number after its point
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
  const isLimitOdd = limit === null && valuesOf(query, 'limit').length > 0
  const asked = Math.min(limit ?? lists.defaultLimit, lists.maxLimit)
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
      ...(isLimitOdd ? {} : { limit: null }),
      ...(offset === null ? {} : { offset: null }),
    }),
    order,
    paged,
    limited: paged && !isLimitOdd,
    limit: asked,
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

/** The list that a cursor is good for: the same items in the same order, whatever the page. */
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

/** null where there is none, and where it is no number that counts something. */
function integerIn(query: string, name: string): number | null {
  const text = valuesOf(query, name).at(-1)
  return text !== undefined && INTEGER.test(text) ? Number(text) : null
}
