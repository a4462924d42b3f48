import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createBackoff } from '../backoff.js'
import type { ConnectionPool } from '../http-client/connection-pool.js'
import { isSafe } from '../http-client/exchange.js'
import type { RawHeaders } from '../http-client/raw-headers.js'

import { type AttemptResult, attemptForward } from './attempt.js'
import type { ResponsePlan } from './client-response.js'
import type { Timeouts } from './failure.js'

/** One request to one cloud, and the client to whom the answer goes. */
export interface ForwardRequest {
  readonly pool: ConnectionPool
  readonly method: string
  /** From the root of the origin, with the query. */
  readonly path: string
  readonly headers: RawHeaders
  /** `stream`: as the client sends it; bytes where it was read before; null where there is none. */
  readonly body: 'stream' | Buffer | null
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** What the client gets; null leaves the answer aside, so that something else can be tried. */
  readonly answer: (status: number, headers: RawHeaders) => ResponsePlan | null
  readonly timeouts: Timeouts
  /** Names the request in what may go wrong: `sp1: GET /v2/images`. Shown to users. */
  readonly what: string
}

/** How an exchange ended. */
export interface Outcome {
  /** null where the client left before the cloud answered. */
  readonly status: number | null
  /** As the cloud sent them. */
  readonly headers: RawHeaders
  /** Bytes of body to the client, and from it. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Who broke it off, so that the client has not got the whole answer. */
  readonly aborted: 'client' | 'upstream' | null
}

const MOST_RETRIES = 2
const BACKOFF = { firstMs: 200, capMs: 800 }
/** Besides those that change nothing. */
const IDEMPOTENT = new Set(['PUT', 'DELETE'])

/**
 * Pass a request on and its answer back, as streams. The promise resolves when the exchange is over
 * for both sides. A client that leaves ends the request upstream at once, and a cloud that breaks off
 * its answer ends the client's connection, so that neither can take a part for the whole.
 *
 * Tried again is only what cannot be done twice by that: a request without a body that never reached
 * the cloud, or that only reads and got no byte of an answer.
 *
 * @throws SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT, SERVICE_PROVIDER_BROKE_OFF,
 * REQUEST_TIMEOUT, BAD_REQUEST, each only while nothing was written to `res`
 */
export async function forward(request: ForwardRequest): Promise<Outcome> {
  const deadline = performance.now() + (request.timeouts.connectTimeoutMs || Infinity)
  const backoff = createBackoff(BACKOFF)
  for (;;) {
    const attempt = await attemptForward(request)
    if (attempt.kind === 'over') return attempt.outcome
    const late = performance.now() >= deadline
    const isLast = late || backoff.failures() === MOST_RETRIES
    if (isLast || !isRepeatable(request, attempt)) throw attempt.error
    await delay(backoff.nextMs())
  }
}

function isRepeatable(
  { method, body }: ForwardRequest,
  { sent, answered }: Extract<AttemptResult, { kind: 'failed' }>,
): boolean {
  if (body !== null || answered) return false
  return isSafe({ method, body }) || (!sent && IDEMPOTENT.has(method))
}
