import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../json.js'
import { decisiveFailure } from '../cloud-failures.js'
import { isSuccess, openFanOut } from '../fan-out.js'
import { type ListParts, type ListRequest, useCommonMicroversion } from './list-request.js'
import { failureResponse, type ListResponse, mergedResponse } from './list-response.js'

/**
 * Create the function that adds up the summaries of several clouds, as for `volumes/summary`: numbers
 * are summed, and metadata has all values of each key.
 *
 * @returns a function that throws the error of a cloud without a response, if there is no other
 *   response to send
 */
export function createSummary(
  parts: ListParts,
): (request: ListRequest, signal: AbortSignal) => Promise<ListResponse> {
  return async (asked, signal) => {
    const request = await useCommonMicroversion(asked, parts)
    const { path, among } = request
    const fanOut = await openFanOut({ ...path, query: '' }, request, parts, signal)

    const summaries: JsonValue[] = []
    await Promise.all(
      fanOut.destinations.map(async by => {
        const response = await fanOut.fetch(by, path.query)
        if (response === null) return
        if (isSuccess(response)) summaries.push(parseJson(response.text) ?? null)
        else fanOut.noteRejected(by, response)
      }),
    )

    const failure = decisiveFailure(fanOut, among, parts.errors)
    if (failure) return failureResponse(failure)
    return mergedResponse(fanOut, among, Buffer.from(JSON.stringify(summaries.reduce(sum, {}))))
  }
}

/** Sum two values of the same shape: numbers are added, arrays are united as sets, members are summed. */
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
