import { headerList, type RawHeaders } from '../../http-client/raw-headers.js'
import type { SpName } from '../../ids.js'
import type { Destination } from '../../upstream/destination.js'
import type { TextResponse } from '../../upstream/text-response.js'
import { type CloudFailure, missingClouds } from '../cloud-failures.js'
import type { FanOut } from '../fan-out.js'

export type ListResponse = MergedResponse | ForwardedResponse

/** A response that the proxy made from the responses of several clouds. */
interface MergedResponse {
  readonly kind: 'merged'
  readonly headers: RawHeaders
  readonly body: Buffer
  readonly answered: readonly SpName[]
  /** The clouds of which something is missing. */
  readonly missing: readonly SpName[]
}

/** The response of one cloud, forwarded in place of a merged one. */
interface ForwardedResponse {
  readonly kind: 'forwarded'
  readonly by: Destination
  readonly response: TextResponse
}

/** Headers of the nearest cloud that hold for all clouds: the microversion, and CORS. */
const KEPT_HEADERS = [
  'OpenStack-API-Version',
  'Vary',
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Credentials',
  'Access-Control-Expose-Headers',
]

export function mergedResponse(
  { answered, failures }: FanOut,
  among: readonly SpName[],
  body: Buffer,
): MergedResponse {
  const nearest = among.find(cloud => answered.has(cloud))
  const headers = (nearest && answered.get(nearest)) ?? []
  const kept = KEPT_HEADERS.flatMap(name => {
    const value = headerList(headers, name.toLowerCase())
    return value === undefined ? [] : [name, value]
  })
  return {
    kind: 'merged',
    headers: ['Content-Type', 'application/json', ...kept],
    body,
    answered: among.filter(cloud => answered.has(cloud)),
    missing: missingClouds(among, failures),
  }
}

/** @throws the error of a cloud that gave no response */
export function failureResponse(failure: CloudFailure): ForwardedResponse {
  if (failure.kind === 'failed') throw failure.error
  return { kind: 'forwarded', by: failure.by, response: failure.response }
}
