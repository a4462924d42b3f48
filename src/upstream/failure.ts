import { MixmatchError } from '../errors.js'
import { ClientError, codeOf } from '../http-client/client-error.js'

/** How long a cloud may take, each from the last sign of life. Milliseconds; 0 for ever. */
export interface Timeouts {
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
}

const UNUSABLE = new Set<string>(['RESPONSE_TOO_LARGE', 'MALFORMED_RESPONSE'])

/**
 * What went wrong at a cloud, in our words. `sent` tells whether a connection stood: without one
 * the cloud has seen nothing of the request.
 */
export function upstreamFailure(
  error: unknown,
  { what, sent, timeouts }: { what: string; sent: boolean; timeouts: Timeouts },
): MixmatchError {
  if (error instanceof MixmatchError) return error
  const code = codeOf(error)
  const fault = (name: 'SERVICE_PROVIDER_TIMEOUT' | 'SERVICE_PROVIDER_UNREACHABLE', how: string) =>
    new MixmatchError(name, `${what}: ${how}`, { cause: error })

  if (code === 'HEADERS_TIMEOUT') {
    return fault('SERVICE_PROVIDER_TIMEOUT', `no answer in ${timeouts.headersTimeoutMs} ms.`)
  }
  if (code === 'BODY_TIMEOUT') {
    const how = `the answer began, and nothing more came in ${timeouts.idleTimeoutMs} ms.`
    return fault('SERVICE_PROVIDER_TIMEOUT', how)
  }
  if (code === 'INVALID_REQUEST') {
    const message = `${what}: the request has a header that cannot be sent on.`
    return new MixmatchError('BAD_REQUEST', message, { cause: error })
  }
  if (error instanceof ClientError && UNUSABLE.has(error.code)) {
    const message = `${what}: ${error.message}.`
    return new MixmatchError('SERVICE_PROVIDER_BROKE_OFF', message, { cause: error })
  }
  if (!sent) return fault('SERVICE_PROVIDER_UNREACHABLE', `cannot be reached (${code}).`)
  const message = `${what}: the connection broke off (${code}) before the answer was complete.`
  return new MixmatchError('SERVICE_PROVIDER_BROKE_OFF', message, { cause: error })
}
