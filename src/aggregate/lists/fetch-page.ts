import type { SpName } from '../../ids.js'
import { isJsonObject, type JsonObject, parseJson } from '../../json.js'
import { hasNextPage } from '../../service/list-rules.js'
import type { Destination } from '../../upstream/destination.js'
import { createLinkRewriter, type LinkRules, rewriteText } from '../../upstream/link-rewriter.js'
import type { TextResponse } from '../../upstream/text-response.js'
import { type FanOut, isSuccess } from '../fan-out.js'
import { readArray } from './json-array.js'
import type { ListPlan } from './list-plan.js'
import { withParameters } from './list-query.js'
import type { CloudPage, FetchPage, PageFrom } from './list-walk.js'
import { type SortOrder, type SortPosition, sortPositionOf } from './sort-order.js'

interface FetchPageParts {
  readonly plan: ListPlan
  /** The name of the array in the response: `volumes`. */
  readonly envelope: string
  /** How to rewrite the links in the responses of a destination. */
  readonly linksOf: (destination: Destination) => LinkRules
  readonly fanOut: FanOut
  /** Called with the number of all items, if the cloud was asked for it and sends it. */
  readonly onCount: (count: number) => void
  /** How many items to request at a time. */
  readonly size: number
}

const EMPTY_PAGE: CloudPage = { items: [], more: false }
/** Glance responds with 400 to an unknown marker, Cinder with 404. */
const UNKNOWN_MARKER = [400, 404]

/**
 * Create the function that fetches the pages of a list from one destination. A failure is recorded in
 * the fan-out, and the page is empty.
 */
export function createFetchPage(
  destination: Destination,
  { plan, envelope, linksOf, fanOut, onCount, size }: FetchPageParts,
): FetchPage {
  const links = linksOf(destination)
  let isFirst = true

  function reject(response: TextResponse): CloudPage {
    fanOut.noteRejected(destination, response)
    return EMPTY_PAGE
  }

  function readPage(response: TextResponse): CloudPage {
    const { text } = response
    const rewritten = mayHaveLinks(text) ? rewriteText(text, createLinkRewriter(links)) : text
    const array = readArray(rewritten, envelope, (json, value) => {
      const position = isJsonObject(value)
        ? sortPositionOf(value, destination.cloud, plan.order)
        : undefined
      return position ? { position, json } : null
    })
    const body = array ? parseJson(array.rest) : undefined
    if (array === null || !isJsonObject(body)) return reject(response)
    if (isFirst && typeof body['count'] === 'number') onCount(body['count'])
    isFirst = false
    const { items } = array
    const more = plan.paged && items.length > 0 && hasMore(body, items.length >= size, plan)
    return { items, more }
  }

  return async from => {
    const plain = withParameters(plan.query, {
      ...(plan.limited ? { limit: String(size) } : {}),
      ...(from.after === null ? {} : { marker: from.after }),
    })
    const narrowed = narrowByTime(plain, from, plan)
    let response = await fanOut.fetch(destination, narrowed)
    // The proxy added the time filter. If the cloud does not know it, the request is valid without it.
    if (response && !isSuccess(response) && narrowed !== plain)
      response = await fanOut.fetch(destination, plain)
    if (response === null) return EMPTY_PAGE
    if (isSuccess(response)) return readPage(response)
    if (from.after !== null && UNKNOWN_MARKER.includes(response.status)) return null
    return reject(response)
  }
}

/** The sort position of the one item in a response; undefined if there is none. */
export function sortPositionIn(
  { text }: TextResponse,
  wrapper: string,
  cloud: SpName,
  order: SortOrder,
): SortPosition | undefined {
  const body = parseJson(text)
  if (!isJsonObject(body)) return undefined
  const inner = body[wrapper]
  return sortPositionOf(isJsonObject(inner) ? inner : body, cloud, order)
}

/** A cloud shows it with a link. In a list without links, a full page may not be the last. */
function hasMore(body: JsonObject, isFull: boolean, { rules }: ListPlan): boolean {
  return rules.next === undefined ? isFull : hasNextPage(rules, body)
}

/** Add a time filter, so that the cloud leaves out items before the start of the page, if it can. */
function narrowByTime(
  query: string,
  { beyond }: PageFrom,
  { filtersTime, order }: ListPlan,
): string {
  const [first] = order.keys
  const moment = beyond?.values[0]
  if (!filtersTime || !first || typeof moment !== 'string') return query
  return withParameters(query, { created_at: `${first.descending ? 'lte' : 'gte'}:${moment}` })
}

/**
 * Whether an item may have a member of links, whose name may be escaped. The links of the list itself are not
 * shown to clients. Images have no links, and rewriting takes a third of the time of their list.
 */
function mayHaveLinks(text: string): boolean {
  return text.includes('links') || text.includes('\\u')
}
