import { MixmatchError } from '../../errors.js'
import { encodeQuery } from '../../http-client/url-encoding.js'
import { decisiveFailure } from '../cloud-failures.js'
import { type FanOut, openFanOut } from '../fan-out.js'
import type { Cursor } from './cursor.js'
import { formatListBody } from './list-body.js'
import { requestedMicroversion } from './list-microversion.js'
import {
  type CloudList,
  furthestPosition,
  type ListPage,
  takePage,
  walkedPlaces,
} from './list-page.js'
import { type ListPlan, listIdentity, planList } from './list-plan.js'
import { type ListParts, type ListRequest, useCommonMicroversion } from './list-request.js'
import { failureResponse, type ListResponse, mergedResponse } from './list-response.js'
import { findPageStarts } from './page-starts.js'

/**
 * Create the function that responds to a request for a list over several clouds with one page: the
 * next items of the clouds' own lists, merged in the requested order.
 *
 * @returns a function that throws the error of a cloud without a response, if there is no other
 *   response to send
 */
export function createMergedList(
  parts: ListParts,
): (request: ListRequest, signal: AbortSignal) => Promise<ListResponse> {
  const { cursors, errors } = parts

  return async (asked, signal) => {
    const request = await useCommonMicroversion(asked, parts)
    const { path, among, received } = request
    const plan = planList(path, requestedMicroversion(received))
    const fanOut = await openFanOut(plan.path, request, parts, signal)

    const scope = cursorScope(request)
    const startOf = await findPageStarts(plan, fanOut, request, text => cursors.read(text, scope))
    if (startOf === null) return rejectUnknownMarker(plan, fanOut, request)
    const cloudLists = fanOut.destinations.map((destination): CloudList => {
      const start = startOf(destination)
      return { destination, start, taken: start.kind === 'after' ? start.id : null }
    })
    const page = await takePage(plan, cloudLists, fanOut, request)

    const failure = decisiveFailure(fanOut, among, errors)
    if (failure) return failureResponse(failure)
    const end = endOfPage(page, plan, cloudLists, fanOut, request)
    const next = end && { marker: end.last, cursor: cursors.write(end, scope) }
    const body = formatListBody(page.items, { ...request, plan, count: page.count, next })
    return mergedResponse(fanOut, among, body)
  }
}

/** Where the next page begins; null if this one is the last. */
function endOfPage(
  { items }: ListPage,
  plan: ListPlan,
  cloudLists: readonly CloudList[],
  fanOut: FanOut,
  { among }: ListRequest,
): Cursor | null {
  const last = items.length === plan.limit ? items.at(-1)?.position : undefined
  if (!plan.paged || last === undefined) return null
  return {
    last: last.id,
    reached: furthestPosition(last, { cloudLists, items }, plan, among),
    places: walkedPlaces(cloudLists, fanOut),
  }
}

/** A cursor is valid for one list of one user in one project. */
function cursorScope({ caller, path }: ListRequest): string {
  return `${caller.userId} ${caller.project?.id ?? ''} ${listIdentity(path)}`
}

/**
 * Respond to a marker that no cloud knows, with the response of the nearest cloud.
 *
 * @throws the error of a cloud without a response, because that cloud may know the marker
 */
async function rejectUnknownMarker(
  { marker, query }: ListPlan,
  fanOut: FanOut,
  { among }: ListRequest,
): Promise<ListResponse> {
  const [by] = fanOut.destinations
  const separator = query === '' ? '?' : '&'
  const response =
    by && fanOut.failures.length === 0
      ? await fanOut.fetch(by, `${query}${separator}${encodeQuery({ marker })}`)
      : null
  if (by && response) return { kind: 'forwarded', by, response }
  const failure = decisiveFailure(fanOut, among, 'fail')
  if (failure) return failureResponse(failure)
  throw new MixmatchError('BAD_REQUEST', 'No cloud has the item that the marker names.')
}
