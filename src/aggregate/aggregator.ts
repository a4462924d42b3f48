import type { ServerResponse } from 'node:http'
import { MixmatchError } from '../errors.js'
import { type RawHeaders, withoutHeader } from '../http-client/raw-headers.js'
import type { Destination } from '../upstream/destination.js'
import type { Outcome } from '../upstream/forward.js'
import { rewriteText } from '../upstream/link-rewriter.js'
import {
  answering,
  headersTo,
  type Passage,
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
): (passage: Passage) => Promise<Outcome> | null {
  const { list, sum, discover } = options

  async function gather(
    passage: Passage,
    ask: (signal: AbortSignal) => Promise<ListResponse | DiscoveryResponse>,
  ): Promise<Outcome> {
    const gone = new AbortController()
    passage.res.once('close', () => gone.abort())
    const answer = await ask(gone.signal)
    const whole =
      answer.kind === 'passed' ? passedOn(answer, passage, options.send) : wholeOf(answer, passage)
    return write(passage.res, whole)
  }

  return passage => {
    const { decision } = passage
    if (decision.kind !== 'aggregate') return null
    const common = commonOf(passage, options.send)
    switch (decision.form) {
      case 'list':
        return gather(passage, signal =>
          list({ ...common, ...ofUser(passage), ...decision }, signal),
        )
      case 'sum':
        return gather(passage, signal =>
          sum({ ...common, ...ofUser(passage), among: decision.among, envelope: '' }, signal),
        )
      case 'versions':
        return gather(passage, signal => discover({ ...common, among: decision.among }, signal))
    }
  }
}

function commonOf(passage: Passage, options: SendOptions) {
  const { request, sender, arrival } = passage
  return {
    path: request.path,
    sender,
    publicBase: arrival.publicBase,
    visited: [...request.controls.proxyList, options.proxyName],
    headers: (to: Destination) => withoutConditions(headersTo(to, passage, options)),
  }
}

function ofUser({ request, sender, req }: Passage) {
  const { caller } = sender
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
  passage: Passage,
  options: SendOptions,
): Whole {
  const { headers, rewrite } = answering(passage, by, options)(answer.status, answer.headers)
  const body = rewrite ? rewriteText(answer.text, rewrite()) : answer.text
  return { status: answer.status, headers, body }
}

function wholeOf(
  answer: Exclude<ListResponse | DiscoveryResponse, { kind: 'passed' }>,
  { requestId }: Passage,
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
