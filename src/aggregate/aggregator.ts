import type { ServerResponse } from 'node:http'
import { MixmatchError } from '../errors.js'
import { type RawHeaders, withoutHeader } from '../http-client/raw-headers.js'
import type { Destination } from '../upstream/destination.js'
import type { Outcome } from '../upstream/forward.js'
import { rewriteText } from '../upstream/link-rewriter.js'
import {
  createResponseTranslator,
  headersTo,
  type ProxiedRequest,
  type SendOptions,
  withoutConditions,
} from '../upstream/send.js'
import type { ListRequest, ListResponse } from './lists/merged-list.js'
import type { DiscoveryRequest, DiscoveryResponse } from './versions/version-discovery.js'

export interface AggregatorOptions {
  readonly list: (request: ListRequest, signal: AbortSignal) => Promise<ListResponse>
  readonly sum: (request: ListRequest, signal: AbortSignal) => Promise<ListResponse>
  readonly discover: (request: DiscoveryRequest, signal: AbortSignal) => Promise<DiscoveryResponse>
  readonly send: SendOptions
}

/** An answer that is whole before the client gets any of it. */
interface Whole {
  readonly status: number
  readonly headers: RawHeaders
  readonly body: string
}

/**
 * Make what answers a request with what several clouds say to it. Which of them are missing in the
 * answer stands in MM-Partial.
 *
 * @returns a function that throws what kept the clouds from answering, while nothing was written to
 *   the client; null where the decision is for another
 */
export function createAggregator(
  options: AggregatorOptions,
): (proxied: ProxiedRequest) => Promise<Outcome> | null {
  const { list, sum, discover } = options

  async function gather(
    proxied: ProxiedRequest,
    ask: (signal: AbortSignal) => Promise<ListResponse | DiscoveryResponse>,
  ): Promise<Outcome> {
    const gone = new AbortController()
    proxied.res.once('close', () => gone.abort())
    const answer = await ask(gone.signal)
    const whole =
      answer.kind === 'passed' ? passedOn(answer, proxied, options.send) : wholeOf(answer, proxied)
    return write(proxied.res, whole)
  }

  return proxied => {
    const { decision } = proxied
    if (decision.kind !== 'aggregate') return null
    const common = commonOf(proxied, options.send)
    switch (decision.form) {
      case 'list':
        return gather(proxied, signal =>
          list({ ...common, ...ofUser(proxied), ...decision }, signal),
        )
      case 'sum':
        return gather(proxied, signal =>
          sum({ ...common, ...ofUser(proxied), among: decision.among, envelope: '' }, signal),
        )
      case 'versions':
        return gather(proxied, signal => discover({ ...common, among: decision.among }, signal))
    }
  }
}

function commonOf(proxied: ProxiedRequest, options: SendOptions) {
  const { request, requester, publicAddress } = proxied
  return {
    path: request.path,
    requester,
    publicBase: publicAddress.publicBase,
    visited: [...request.controls.proxyList, options.proxyName],
    headers: (to: Destination) => withoutConditions(headersTo(to, proxied, options)),
  }
}

function ofUser({ request, requester, req }: ProxiedRequest) {
  const { caller } = requester
  if (caller === null) {
    throw new MixmatchError('NOT_AUTHENTICATED', 'A list over several clouds needs a valid token.')
  }
  return { caller, project: request.controls.project, received: req.rawHeaders }
}

/** The answer of one cloud, as if the request had gone there alone. */
function passedOn(
  {
    by,
    answer,
  }: { by: Destination; answer: { status: number; headers: RawHeaders; text: string } },
  proxied: ProxiedRequest,
  options: SendOptions,
): Whole {
  const { headers, rewrite } = createResponseTranslator(
    proxied,
    by,
    options,
  )(answer.status, answer.headers)
  const body = rewrite ? rewriteText(answer.text, rewrite()) : answer.text
  return { status: answer.status, headers, body }
}

function wholeOf(
  answer: Exclude<ListResponse | DiscoveryResponse, { kind: 'passed' }>,
  { requestId }: ProxiedRequest,
): Whole {
  const identified = ['X-Openstack-Request-Id', requestId]
  if ('status' in answer) {
    const { status, body } = answer
    return { status, headers: ['Content-Type', 'application/json', ...identified], body }
  }
  const { headers, body, answered, missing } = answer
  const partial = missing.length > 0 ? ['MM-Partial', missing.join(', ')] : []
  const from = ['MM-Service-Provider', answered.join(', ')]
  return { status: 200, headers: [...headers, ...from, ...partial, ...identified], body }
}

function write(res: ServerResponse, { status, headers, body }: Whole): Promise<Outcome> {
  const length = Buffer.byteLength(body)
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
    res.end(body)
  })
}
