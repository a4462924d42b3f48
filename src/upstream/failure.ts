import { MixmatchError } from '../errors.js'
import { ClientError, codeOf } from '../http-client/client-error.js'

/** How long a cloud may take for each step, in milliseconds; 0 for no limit. */
export interface Timeouts {
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
}

const UNUSABLE = new Set<string>(['RESPONSE_TOO_LARGE', 'MALFORMED_RESPONSE'])

/**
 * Turn the error of a request to a cloud into a MixmatchError.
 *
 * @param what names the request: `Service provider "sp1": GET /v2/images`
 * @param sent whether the cloud may have seen the request
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
