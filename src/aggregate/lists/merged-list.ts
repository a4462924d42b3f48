import { headerList, headerValue, type RawHeaders } from '../../http-client/raw-headers.js'
import { encodeQuery } from '../../http-client/url-encoding.js'
import type { Caller } from '../../identity/identity.js'
import type { SpName } from '../../ids.js'
import type { ParsedPath } from '../../routing/path.js'
import type { ServiceName } from '../../service/service.js'
import type { Destination } from '../../upstream/destination.js'
import { createLinks, linkMap, linkRules } from '../../upstream/links.js'
import type { TextResponse } from '../../upstream/text-response.js'
import {
  decisiveFailure,
  type FanOut,
  type FanOutParts,
  type FanOutRequest,
  failedCloud,
  missingClouds,
  openFanOut,
} from '../fan-out.js'
import type { Cursors, WalkedTo } from './cursor.js'
import { createFetchPage } from './fetch-page.js'
import { formatListBody } from './list-body.js'
import {
  type MicroversionRange,
  requestedMicroversion,
  withCommonMicroversion,
} from './list-microversion.js'
import { type ListPlan, listIdentity, planList } from './list-plan.js'
import { type Item, type WalkStart, walkList } from './list-walk.js'
import { type Merged, merge } from './merge.js'
import { findPageStarts } from './page-starts.js'
import { createComparator, type SortPosition } from './sort-order.js'

/** A request for a list, decided to be one over several clouds. */
export interface ListRequest extends FanOutRequest {
  readonly path: ParsedPath
  /** The name of the array: `volumes`. */
  readonly envelope: string
  readonly caller: Caller
  /** The headers as they came. */
  readonly received: RawHeaders
  /** The proxies that the request has passed, ours the last: MM-PROXY-LIST. */
  readonly visited: readonly string[]
  /** Where clients find the proxy, without a slash at the end. */
  readonly publicBase: string
}

export interface ListParts extends FanOutParts {
  /** What a cloud says of its microversions; null where it has none or does not say. */
  readonly minors: (
    service: ServiceName,
    cloud: SpName,
    request: Pick<ListRequest, 'requester' | 'visited'>,
  ) => Promise<MicroversionRange | null>
  readonly cursors: Cursors
  readonly errors: 'partial' | 'fail'
}

export type ListResponse = MergedResponse | PassedResponse

/** Made here of what several clouds answered. */
export interface MergedResponse {
  readonly kind: 'merged'
  readonly headers: RawHeaders
  readonly body: string
  readonly answered: readonly SpName[]
  /** Of which something is missing. */
  readonly missing: readonly SpName[]
}

/** What one cloud answered, to stand for all. */
export interface PassedResponse {
  readonly kind: 'passed'
  readonly by: Destination
  readonly answer: TextResponse
}

/** The list of one destination, and how far it was taken into the answer. */
interface CloudList {
  readonly destination: Destination
  readonly start: WalkStart
  /** null where nothing was. */
  taken: string | null
}

/**
 * Make what answers lists over several clouds, one page at a time: what comes next in the clouds' own
 * lists, in the order that was asked for. No more is held than one page of each.
 *
 * @returns a function that throws what kept the clouds from answering, where they have not
 */
export function createMergedList(
  parts: ListParts,
): (request: ListRequest, signal: AbortSignal) => Promise<ListResponse> {
  const { cursors, errors } = parts

  return async (request, signal) => {
    const { path, among } = request
    const ranges = await findMicroversionRanges(request, parts)
    const versioned = (headers: RawHeaders) => withCommonMicroversion(headers, ranges)
    const plan = planList(path, requestedMicroversion(versioned(request.received)))
    const asker = { ...request, headers: (to: Destination) => versioned(request.headers(to)) }
    const round = await openFanOut(plan.path, asker, parts, signal)

    const scope = scopeOf(request)
    const startOf = await findPageStarts(plan, round, request, text => cursors.read(text, scope))
    if (startOf === null) return unknownMarker(plan, round, request)
    const cloudLists = round.destinations.map((destination): CloudList => {
      const start = startOf(destination)
      return { destination, start, taken: start.kind === 'after' ? start.id : null }
    })
    const { items, count } = await takePage(plan, cloudLists, round, request)

    const failure = decisiveFailure(round, among, errors)
    if (failure?.kind === 'failed') throw failure.error
    if (failure) return { kind: 'passed', by: failure.by, answer: failure.answer }
    const last = items.length === plan.limit ? items.at(-1)?.mark : undefined
    const next =
      plan.paged && last
        ? {
            marker: last.id,
            cursor: cursors.write(
              {
                last: last.id,
                reached: reachedBy(
                  last,
                  { cloudLists, items },
                  createComparator(plan.order, among),
                ),
                places: placesOf(cloudLists, round),
              },
              scope,
            ),
          }
        : null
    return merged(round, request, formatListBody(items, { ...request, plan, count, next }))
  }
}

/** What the nearest cloud says of its answer is true of all: the microversion, and who may read it. */
const KEPT_HEADERS = [
  'OpenStack-API-Version',
  'Vary',
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Credentials',
  'Access-Control-Expose-Headers',
]

/** The answer that says which clouds it was made of, and in which microversion. */
export function merged(round: FanOut, { among }: FanOutRequest, body: string): MergedResponse {
  const nearest = among.find(cloud => round.answered.has(cloud))
  const first = (nearest && round.answered.get(nearest)) ?? []
  const kept = KEPT_HEADERS.flatMap(name => {
    const value = headerList(first, name.toLowerCase())
    return value === undefined ? [] : [name, value]
  })
  return {
    kind: 'merged',
    headers: ['Content-Type', 'application/json', ...kept],
    body,
    answered: among.filter(cloud => round.answered.has(cloud)),
    missing: missingClouds(among, round.failures),
  }
}

/** Only where the request names a microversion does it matter which ones there are. */
export async function findMicroversionRanges(
  request: ListRequest,
  { minors }: ListParts,
): Promise<readonly MicroversionRange[]> {
  const { received, path, among } = request
  if (headerValue(received, 'openstack-api-version') === undefined) return []
  const ranges = await Promise.all(among.map(cloud => minors(path.service, cloud, request)))
  return ranges.filter(range => range !== null)
}

async function takePage(
  plan: ListPlan,
  cloudLists: readonly CloudList[],
  round: FanOut,
  { path, envelope, among, publicBase, caller }: ListRequest,
): Promise<{ items: readonly Item[]; count: number | null }> {
  const compare = createComparator(plan.order, among)
  const linksOf = (destination: Destination) =>
    linkRules(
      createLinks({
        ...linkMap(path, caller, destination),
        to: `${publicBase}/${path.service}`,
      }),
      path,
    )
  const size = sizeFor(plan, cloudLists.length)
  let count: number | null = null
  const counted = (own: number) => {
    count = (count ?? 0) + own
  }
  const walks = cloudLists.map(({ destination, start }) =>
    walkList(
      start,
      createFetchPage(destination, { plan, envelope, linksOf, round, counted, size }),
      compare,
    ),
  )
  const all = merge(walks, (a, b) => compare(a.mark, b.mark), isSame)
  return { items: await take(plan, cloudLists, all), count }
}

/** A page that is not worth splitting. */
const SMALL = 100

/**
 * How many items to ask of each list at a time: its share of a large page and something over, because
 * what a page does not need was fetched in vain. Lists that turn out to have more of it are asked again.
 */
function sizeFor({ limit }: ListPlan, lists: number): number {
  return Math.min(limit, Math.max(SMALL, Math.ceil((1.25 * limit) / Math.max(lists, 1))))
}

/** The items of the page; how far each lane was taken is written down on the way. */
async function take(
  { offset, limit }: ListPlan,
  cloudLists: readonly CloudList[],
  all: AsyncIterable<Merged<Item>>,
): Promise<readonly Item[]> {
  const items: Item[] = []
  let left = offset
  // One item is always looked at, so that clouds get to see every request.
  for await (const { item, from } of all) {
    if (left === 0 && items.length >= limit) break
    for (const index of from) {
      const lane = cloudLists[index]
      if (lane) lane.taken = item.mark.id
    }
    if (left > 0) left -= 1
    else items.push(item)
    if (left === 0 && items.length >= limit) break
  }
  return items
}

function isSame(a: Item, b: Item): boolean {
  return a.mark.cloud === b.mark.cloud && a.mark.id === b.mark.id
}

/** The furthest in the order that anything was told of, in this page, which ends with `last`, or before. */
function reachedBy(
  last: SortPosition,
  { cloudLists, items }: { cloudLists: readonly CloudList[]; items: readonly Item[] },
  compare: (a: SortPosition, b: SortPosition) => number,
): SortPosition {
  const before = cloudLists.flatMap(({ start }) => (start.kind === 'first' ? [] : [start.mark]))
  const marks = [...before, ...items.map(({ mark }) => mark)]
  return marks.reduce((most, mark) => (compare(mark, most) > 0 ? mark : most), last)
}

/** A list that could not even be begun stands nowhere, as if it had never been asked for. */
function placesOf(cloudLists: readonly CloudList[], { failures }: FanOut): readonly WalkedTo[] {
  const failed = new Set(failures.map(failedCloud))
  const begun = cloudLists.filter(
    ({ destination, start, taken }) =>
      taken !== null || start.kind !== 'first' || !failed.has(destination.cloud),
  )
  return begun.map(({ destination: { cloud, project }, taken }) => ({
    cloud,
    project,
    after: taken,
  }))
}

/** One user in one project goes on with one list. */
function scopeOf({ caller, path }: ListRequest): string {
  return `${caller.userId} ${caller.project?.id ?? ''} ${listIdentity(path)}`
}

/**
 * What the nearest cloud says to a marker that none of them knows.
 *
 * @throws what kept a cloud from answering that may know it
 */
async function unknownMarker(
  { marker, query }: ListPlan,
  round: FanOut,
  { among }: ListRequest,
): Promise<PassedResponse> {
  const [by] = round.destinations
  const separator = query === '' ? '?' : '&'
  const answer =
    by && round.failures.length === 0
      ? await round.ask(by, `${query}${separator}${encodeQuery({ marker })}`)
      : null
  if (by && answer) return { kind: 'passed', by, answer }
  const failure = decisiveFailure(round, among, 'fail')
  if (failure?.kind === 'refused') return { kind: 'passed', by: failure.by, answer: failure.answer }
  throw failure?.error
}
