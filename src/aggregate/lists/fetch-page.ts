import type { SpName } from '../../ids.js'
import { isJsonObject, type JsonObject, parseJson } from '../../json.js'
import { hasNextPage } from '../../service/list-rules.js'
import type { Destination } from '../../upstream/destination.js'
import { createLinkRewriter, type LinkRules, rewriteText } from '../../upstream/link-rewriter.js'
import type { TextResponse } from '../../upstream/text-response.js'
import { type FanOut, isSuccess } from '../fan-out.js'
import { splitArray } from './json-array.js'
import type { ListPlan } from './list-plan.js'
import { withParameters } from './list-query.js'
import type { CloudPage, FetchPage, Item, PageFrom } from './list-walk.js'
import { type SortOrder, type SortPosition, sortPositionOf } from './sort-order.js'

const NOTHING: CloudPage = { items: [], more: false }
/** To an unknown marker, Glance answers 400, Cinder 404. */
const UNKNOWN_MARKER = [400, 404]

/**
 * Make what fetches the pages of a list from one destination. What fails or is refused is noted in
 * the round, and the page is empty.
 *
 * @param counted told of the number of all items, where the cloud was asked for it and says it
 */
export function createFetchPage(
  destination: Destination,
  {
    plan,
    envelope,
    linksOf,
    round,
    counted,
    size,
  }: {
    plan: ListPlan
    /** The name of the array: `volumes`. */
    envelope: string
    /** How the links of a destination's answers become ours. */
    linksOf: (destination: Destination) => LinkRules
    round: FanOut
    counted: (count: number) => void
    /** How many items to ask for at a time. */
    size: number
  },
): FetchPage {
  const links = linksOf(destination)
  let isFirst = true

  function pageOf(answer: TextResponse): CloudPage {
    const sliced = splitArray(rewriteText(answer.text, createLinkRewriter(links)), envelope)
    const body = sliced ? parseJson(sliced.rest) : undefined
    if (sliced === null || !isJsonObject(body)) {
      round.refused(destination, answer)
      return NOTHING
    }
    if (isFirst && typeof body['count'] === 'number') counted(body['count'])
    isFirst = false
    const items = itemsOf(sliced.items, destination.cloud, plan.order)
    return {
      items,
      more: plan.paged && items.length > 0 && goesOn(body, items.length >= size, plan),
    }
  }

  return async from => {
    const plain = withParameters(plan.query, {
      ...(plan.limited ? { limit: String(size) } : {}),
      ...(from.after === null ? {} : { marker: from.after }),
    })
    const narrowed = narrow(plain, from, plan)
    let answer = await round.ask(destination, narrowed)
    // The filter is ours: a cloud that does not take it has not refused anything yet.
    if (answer && !isSuccess(answer) && narrowed !== plain)
      answer = await round.ask(destination, plain)
    if (answer === null) return NOTHING
    if (isSuccess(answer)) return pageOf(answer)
    if (from.after !== null && UNKNOWN_MARKER.includes(answer.status)) return null
    round.refused(destination, answer)
    return NOTHING
  }
}

/** The mark of one item of the list by its id; undefined where the destination has none such. */
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

function itemsOf(texts: readonly string[], cloud: SpName, order: SortOrder): readonly Item[] {
  return texts.flatMap(shown => {
    const item = parseJson(shown)
    const mark = isJsonObject(item) ? sortPositionOf(item, cloud, order) : undefined
    return mark ? [{ mark, shown }] : []
  })
}

/** A cloud says it with a link; where it never gives one, a full page may not be the last. */
function goesOn(body: JsonObject, isFull: boolean, { rules }: ListPlan): boolean {
  return rules.next === undefined ? isFull : hasNextPage(rules, body)
}

/** Let the cloud leave out what is not wanted, where it can tell by the time alone. */
function narrow(query: string, { beyond }: PageFrom, { filtersTime, order }: ListPlan): string {
  const [first] = order.keys
  const moment = beyond?.values[0]
  if (!filtersTime || !first || typeof moment !== 'string') return query
  return withParameters(query, { created_at: `${first.descending ? 'lte' : 'gte'}:${moment}` })
}
