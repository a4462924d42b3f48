import type { RawHeaders } from '../../http-client/raw-headers.js'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../json.js'
import type { Destination } from '../../upstream/destination.js'
import { decisiveFailure, isSuccess, openFanOut } from '../fan-out.js'
import { withCommonMicroversion } from './list-microversion.js'
import {
  findMicroversionRanges,
  type ListParts,
  type ListRequest,
  type ListResponse,
  merged,
} from './merged-list.js'

/**
 * Make what adds up what several clouds say of all that they hold, as in `volumes/summary`: numbers
 * are summed, and metadata is the set of all values of each key.
 *
 * @returns a function that throws what kept the clouds from answering, where they have not
 */
export function createSummary(
  parts: ListParts,
): (request: ListRequest, signal: AbortSignal) => Promise<ListResponse> {
  return async (request, signal) => {
    const { path, among } = request
    const ranges = await findMicroversionRanges(request, parts)
    const versioned = (headers: RawHeaders) => withCommonMicroversion(headers, ranges)
    const asker = { ...request, headers: (to: Destination) => versioned(request.headers(to)) }
    const round = await openFanOut({ ...path, query: '' }, asker, parts, signal)

    const summaries: JsonValue[] = []
    await Promise.all(
      round.destinations.map(async by => {
        const answer = await round.ask(by, path.query)
        if (answer === null) return
        if (isSuccess(answer)) summaries.push(parseJson(answer.text) ?? null)
        else round.refused(by, answer)
      }),
    )

    const failure = decisiveFailure(round, among, parts.errors)
    if (failure?.kind === 'failed') throw failure.error
    if (failure) return { kind: 'passed', by: failure.by, answer: failure.answer }
    return merged(round, request, JSON.stringify(summaries.reduce(sum, {})))
  }
}

/** Sum two values of one shape: members by name, numbers by adding, arrays as sets. */
export function sum(a: JsonValue, b: JsonValue): JsonValue {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (Array.isArray(a) && Array.isArray(b)) return [...new Set([...a, ...b])]
  if (isJsonObject(a) && isJsonObject(b)) return sumMembers(a, b)
  return a
}

function sumMembers(a: JsonObject, b: JsonObject): JsonObject {
  const all = new Map(Object.entries(a))
  for (const [name, value] of Object.entries(b)) {
    const own = all.get(name)
    all.set(name, own === undefined ? value : sum(own, value))
  }
  return Object.fromEntries(all)
}
