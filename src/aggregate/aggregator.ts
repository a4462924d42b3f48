import type { ServerResponse } from 'node:http'
import { MixmatchError } from '../errors.js'
import { type RawHeaders, withoutHeader } from '../http-client/raw-headers.js'
import type { Destination } from '../upstream/destination.js'
import type { Outcome } from '../upstream/forward-request.js'
import { rewriteText } from '../upstream/link-rewriter.js'
import type { ProxiedRequest } from '../upstream/proxied-request.js'
import { createResponseTranslator } from '../upstream/response-translator.js'
import { headersTo, type SendOptions, withoutConditions } from '../upstream/send.js'
import type { ListRequest } from './lists/list-request.js'
import type { ListResponse } from './lists/list-response.js'
import type { DiscoveryRequest, DiscoveryResponse } from './versions/version-discovery.js'

type AggregateResponse = ListResponse | DiscoveryResponse

interface AggregatorOptions {
  readonly list: (request: ListRequest, signal: AbortSignal) => Promise<ListResponse>
  readonly sum: (request: ListRequest, signal: AbortSignal) => Promise<ListResponse>
  readonly discover: (request: DiscoveryRequest, signal: AbortSignal) => Promise<DiscoveryResponse>
  readonly send: SendOptions
}

/** A response that is complete before the client gets any of it. */
interface CompleteResponse {
  readonly status: number
  readonly headers: RawHeaders
  readonly body: string | Buffer
}

/**
 * Create the function that makes one response from the responses of several clouds. MM-Partial names
 * the clouds that are missing.
 *
 * @returns a function that returns null if the request goes to one cloud, and throws only before
 *   anything was written to the client
 */
export function createAggregator(
  options: AggregatorOptions,
): (proxied: ProxiedRequest) => Promise<Outcome> | null {
  const { list, sum, discover } = options

  async function respond(
    proxied: ProxiedRequest,
    aggregate: (signal: AbortSignal) => Promise<AggregateResponse>,
  ): Promise<Outcome> {
    const clientGone = new AbortController()
    proxied.res.once('close', () => clientGone.abort())
    const response = await aggregate(clientGone.signal)
    const complete =
      response.kind === 'forwarded'
        ? forwarded(response, proxied, options.send)
        : completed(response, proxied)
    return write(proxied.res, complete)
  }

  return proxied => {
    const { decision } = proxied
    if (decision.kind !== 'aggregate') return null
    const common = commonOf(proxied, options.send)
    switch (decision.form) {
      case 'list':
        return respond(proxied, signal =>
          list({ ...common, ...ofUser(proxied), ...decision }, signal),
        )
      case 'sum':
        return respond(proxied, signal =>
          sum({ ...common, ...ofUser(proxied), among: decision.among, envelope: '' }, signal),
        )
      case 'versions':
        return respond(proxied, signal => discover({ ...common, among: decision.among }, signal))
    }
  }
}

function commonOf(proxied: ProxiedRequest, options: SendOptions) {
  const { request, requester, publicAddress } = proxied
  return {
    path: request.path,
    requester,
    publicBase: publicAddress.publicBase,
    visited: [...request.controlHeaders.proxyList, options.proxyName],
    headers: (to: Destination) => withoutConditions(headersTo(to, proxied, options)),
  }
}

function ofUser({ request, requester, req, progress }: ProxiedRequest) {
  const { caller } = requester
  const begun = performance.now()
  let isFirst = true
  if (caller === null) {
    throw new MixmatchError('NOT_AUTHENTICATED', 'A list over several clouds needs a valid token.')
  }
  return {
    caller,
    project: request.controlHeaders.project,
    received: req.rawHeaders,
    onResponse() {
      if (isFirst) progress.firstByteMs = performance.now() - begun
      isFirst = false
    },
  }
}

/** The response of one cloud, as if the request had gone only there. */
function forwarded(
  { by, response }: Extract<AggregateResponse, { kind: 'forwarded' }>,
  proxied: ProxiedRequest,
  options: SendOptions,
): CompleteResponse {
  const { status, text } = response
  const { headers, rewrite } = createResponseTranslator(
    proxied,
    by,
    options,
  )(status, response.headers)
  return { status, headers, body: rewrite ? rewriteText(text, rewrite()) : text }
}

function completed(
  response: Exclude<AggregateResponse, { kind: 'forwarded' }>,
  { requestId }: ProxiedRequest,
): CompleteResponse {
  const identified = ['X-Openstack-Request-Id', requestId]
  if (response.kind === 'discovered') {
    const { status, body } = response
    return { status, headers: ['Content-Type', 'application/json', ...identified], body }
  }
  const { headers, body, answered, missing } = response
  const partial = missing.length > 0 ? ['MM-Partial', missing.join(', ')] : []
  const from = ['MM-Service-Provider', answered.join(', ')]
  return { status: 200, headers: [...headers, ...from, ...partial, ...identified], body }
}

function write(res: ServerResponse, { status, headers, body }: CompleteResponse): Promise<Outcome> {
  // The length of a text takes as long as its bytes, which are needed anyway.
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const { length } = bytes
  const own = withoutHeader(headers, 'content-length')
  const sent = [...own, 'Content-Length', String(length)]
  const outcome = { status, headers: sent, bytesReceived: 0 }
  return new Promise(resolve => {
    let delivered = false
    res.once('finish', () => {
      delivered = true
    })
    res.once('close', () =>
      resolve({
        ...outcome,
        bytesSent: delivered ? length : 0,
        aborted: delivered ? null : 'client',
      }),
    )
    if (res.destroyed) return resolve({ ...outcome, bytesSent: 0, aborted: 'client' })
    res.writeHead(status, sent)
    res.end(bytes)
  })
}
