import { MixmatchError } from '../errors.js'
import type { RawHeaders } from '../http-client/raw-headers.js'
import { encodePathSegment } from '../http-client/url-encoding.js'
import { readWholeResponseOnce } from '../http-client/whole-response.js'
import type { Token } from '../identity/token.js'
import type { SpName } from '../ids.js'
import { type JsonObject, parseJson, textAt } from '../json.js'
import { redactedExcerpt } from '../redaction.js'
import { endpointBase } from '../routing/upstream-path.js'
import { type Timeouts, upstreamFailure } from '../upstream/failure.js'
import type { Pools } from '../upstream/pools.js'
import { fetchText, type TextResponse } from '../upstream/text-response.js'

/** The Neutron of a cloud, and a token for it. */
export interface NeutronAccess {
  readonly cloud: SpName
  /** Its endpoint, with or without a version. */
  readonly url: string
  readonly token: Token
}

export interface NeutronParts {
  readonly pools: Pools
  readonly timeouts: Timeouts
}

/** The description of a network has about 2 KB. */
const MAX_BYTES = 1024 * 1024
const LONGEST_REASON = 200

/**
 * Show a network (https://docs.openstack.org/api-ref/network/v2/#show-network-details).
 *
 * @throws NEUTRON_UNAVAILABLE if Neutron cannot be reached, BAD_REQUEST for an id that could be
 * read as another path
 */
export async function showNetwork(
  { cloud, url, token }: NeutronAccess,
  id: string,
  requestId: string,
  { pools, timeouts }: NeutronParts,
): Promise<TextResponse> {
  const { origin, path } = placeOf(url, `/${encodePathSegment(id)}`)
  const request = {
    path,
    headers: headersWith(token, requestId),
    what: `Neutron of "${cloud}": GET ${origin}${path}`,
  }
  const pool = pools.pool(cloud, origin)
  try {
    const signal = AbortSignal.timeout(timeouts.headersTimeoutMs)
    return await fetchText(pool, request, timeouts, signal)
  } catch (error) {
    throw unavailable(error)
  }
}

/**
 * Create a network (https://docs.openstack.org/api-ref/network/v2/#create-network). The request is
 * never retried.
 *
 * @throws NEUTRON_UNAVAILABLE without a response; then it is unknown whether the network was created
 */
export async function createNetwork(
  { cloud, url, token }: NeutronAccess,
  network: JsonObject,
  requestId: string,
  { pools, timeouts }: NeutronParts,
): Promise<TextResponse> {
  const { origin, path } = placeOf(url, '')
  const what = `Neutron of "${cloud}": POST ${origin}${path}`
  try {
    const { status, headers, body } = await readWholeResponseOnce(pools.pool(cloud, origin), {
      method: 'POST',
      path,
      headers: [...headersWith(token, requestId), 'Content-Type', 'application/json'],
      body: JSON.stringify(network),
      maxBytes: MAX_BYTES,
      headersTimeoutMs: timeouts.headersTimeoutMs,
      idleTimeoutMs: timeouts.idleTimeoutMs,
      signal: AbortSignal.timeout(timeouts.headersTimeoutMs),
    })
    return { status, headers, text: body.toString() }
  } catch (error) {
    throw unavailable(upstreamFailure(error, { what, sent: true, timeouts }), {
      hint: ' The network may have been created: look for it before you try again.',
    })
  }
}

/** Neutron's reason for an error response: ` (The requested VNI is in use.)`; empty if it gives none. */
export function reasonIn({ text }: TextResponse): string {
  const message = textAt(parseJson(text), '/NeutronError/message')
  return message === null ? '' : ` (${redactedExcerpt(message, LONGEST_REASON)})`
}

function placeOf(url: string, below: string): { origin: string; path: string } {
  const { origin, pathname } = new URL(endpointBase(url))
  return { origin, path: `${pathname.replace(/\/$/, '')}/v2.0/networks${below}` }
}

function headersWith(token: Token, requestId: string): RawHeaders {
  const own = ['Accept', 'application/json', 'Accept-Encoding', 'identity']
  return [...own, 'X-Openstack-Request-Id', requestId, 'X-Auth-Token', token.reveal()]
}

function unavailable(error: unknown, { hint = '' } = {}): unknown {
  if (!(error instanceof MixmatchError) || error.code === 'BAD_REQUEST') return error
  return new MixmatchError('NEUTRON_UNAVAILABLE', `${error.message}${hint}`, { cause: error })
}
