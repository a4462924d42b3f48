import { MixmatchError } from '../errors.js'
import { isBrokenConnection } from '../http-client/client-error.js'
import type { ConnectionPool } from '../http-client/connection-pool.js'
import { type RawHeaders, withoutHeader } from '../http-client/raw-headers.js'
import { readWholeResponse } from '../http-client/whole-response.js'
import { type Timeouts, upstreamFailure } from './failure.js'

/** A complete response with its body as text. */
export interface TextResponse {
  readonly status: number
  readonly headers: RawHeaders
  readonly text: string
}

/** More than twice the size of a thousand volumes with all their details. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Read a text from a cloud with a GET.
 *
 * @param what names the request in errors: `Service provider "sp1": GET /v2/images`
 * @throws SERVICE_PROVIDER_UNREACHABLE, SERVICE_PROVIDER_TIMEOUT, SERVICE_PROVIDER_BROKE_OFF
 */
export async function fetchText(
  pool: ConnectionPool,
  request: { path: string; headers: RawHeaders; what: string },
  timeouts: Timeouts,
  signal: AbortSignal,
): Promise<TextResponse> {
  const { path, headers, what } = request
  try {
    const response = await readWholeResponse(pool, {
      method: 'GET',
      path,
      // The proxy reads this body, so it must come without a content coding.
      headers: [...withoutHeader(headers, 'accept-encoding'), 'Accept-Encoding', 'identity'],
      body: null,
      maxBytes: MAX_BYTES,
      headersTimeoutMs: timeouts.headersTimeoutMs,
      idleTimeoutMs: timeouts.idleTimeoutMs,
      signal,
    })
    return { status: response.status, headers: response.headers, text: response.body.toString() }
  } catch (error) {
    if (signal.aborted) throw timedOut(what, error)
    throw upstreamFailure(error, { what, sent: isBrokenConnection(error), timeouts })
  }
}

function timedOut(what: string, cause: unknown): MixmatchError {
  return new MixmatchError('SERVICE_PROVIDER_TIMEOUT', `${what}: no answer in time.`, { cause })
}
