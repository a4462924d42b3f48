import { setTimeout as delay } from 'node:timers/promises'
import { createBackoff } from '../backoff.js'
import { isSafe } from '../http-client/exchange.js'
import { type AttemptResult, attemptForward } from './attempt.js'
import type { ForwardRequest, Outcome } from './forward-request.js'

const MOST_RETRIES = 2
const BACKOFF = { firstMs: 200, capMs: 800 }
/** The idempotent methods that are not safe. */
const IDEMPOTENT = new Set(['PUT', 'DELETE'])

/**
 * Forward a request and its response as streams. The promise resolves when the exchange is over for
 * both sides. If the client leaves, the request to the cloud is aborted at once. If the cloud does not
 * complete its response, the client's connection is closed: a partial response must not look complete.
 *
 * Only requests that cannot take effect twice are retried: those without a body that did not reach the
 * cloud, and reads whose response did not begin.
 *
 * @throws SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT, SERVICE_PROVIDER_BROKE_OFF,
 * REQUEST_TIMEOUT, BAD_REQUEST, each only while nothing was written to `res`
 */
export async function forward(request: ForwardRequest): Promise<Outcome> {
  const deadline = performance.now() + (request.timeouts.connectTimeoutMs || Infinity)
  let backoff: ReturnType<typeof createBackoff> | undefined
  for (;;) {
    const attempt = await attemptForward(request)
    if (attempt.kind === 'over') return attempt.outcome
    backoff ??= createBackoff(BACKOFF)
    const late = performance.now() >= deadline
    const isLast = late || backoff.failures() === MOST_RETRIES
    if (isLast || !isRepeatable(request, attempt)) throw attempt.error
    await delay(backoff.nextMs())
  }
}

/** A cloud that was too slow once is not waited for again: the client waits for one timeout at most. */
function isRepeatable(
  { method, body }: ForwardRequest,
  { error, sent, answered }: Extract<AttemptResult, { kind: 'failed' }>,
): boolean {
  if (body !== null || answered || error.code === 'SERVICE_PROVIDER_TIMEOUT') return false
  return isSafe({ method, body }) || (!sent && IDEMPOTENT.has(method))
}
