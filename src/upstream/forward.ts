import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createBackoff } from '../backoff.js'
import type { ConnectionPool } from '../http-client/connection-pool.js'
import { isSafe } from '../http-client/exchange.js'
import type { RawHeaders } from '../http-client/raw-headers.js'
import { type AttemptResult, attemptForward } from './attempt.js'
import type { ResponsePlan } from './client-response.js'
import type { Timeouts } from './failure.js'

/** One request to one cloud, and the client to which the response goes. */
export interface ForwardRequest {
  readonly pool: ConnectionPool
  readonly method: string
  /** From the root of the origin, with the query. */
  readonly path: string
  readonly headers: RawHeaders
  /** `stream`: as the client sends it. Bytes: it was read before. null: there is none. */
  readonly body: 'stream' | Buffer | null
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** What the client gets; null drops the response, so that the request can be sent again. */
  readonly answer: (status: number, headers: RawHeaders) => ResponsePlan | null
  readonly timeouts: Timeouts
  /** Names the request in errors, which users see: `sp1: GET /v2/images`. */
  readonly what: string
}

/** How an exchange ended. */
export interface Outcome {
  /** null if the client left before the response began. */
  readonly status: number | null
  /** As the cloud sent them. */
  readonly headers: RawHeaders
  /** Bytes of body to the client, and from it. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Who broke the exchange off, so that the client has only a part of the response. */
  readonly aborted: 'client' | 'upstream' | null
}

const MOST_RETRIES = 2
const BACKOFF = { firstMs: 200, capMs: 800 }
/** Besides those that change nothing. */
const IDEMPOTENT = new Set(['PUT', 'DELETE'])

/**
 * Pass a request on and its response back, as streams. The promise resolves when the exchange is over
 * for both sides. If the client leaves, the request to the cloud is aborted at once. If the cloud breaks
 * off its response, the client's connection is closed, so that a part never looks like the whole.
 *
 * Only requests that cannot take effect twice are retried: those without a body that did not reach the
 * cloud, and reads whose response did not begin.
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
