import type { IncomingMessage } from 'node:http'
import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import { decide } from '../routing/decide.js'
import { type Decision, isUnconfirmed, type SingleCloud } from '../routing/decision.js'
import { type Federation, rejectReturned } from '../routing/federation.js'
import { parseRequest, type RoutedRequest } from '../routing/request.js'
import type { Outcome } from '../upstream/forward-request.js'

/** Browsers send this header in a preflight, before a request to another origin (Fetch standard, §4.8). */
const REQUEST_METHOD = 'access-control-request-method'

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && REQUEST_METHOD in headers
}

/** A preflight has no token, even if the request after it has one. */
export const ANONYMOUS = { token: null, caller: null, isService: false } as const

/**
 * Send a preflight to the cloud to which the announced request would go. The service there decides
 * which origins may use it. The identity provider gets the preflight if the decision needs a token or
 * a body, if a service provider's claim is unconfirmed, or if the cloud cannot be reached without a
 * token.
 *
 * @throws as `parseRequest`, `rejectReturned`, `decide` and `send`
 */
export async function sendPreflight(
  req: IncomingMessage,
  federation: Federation,
  send: (request: RoutedRequest, decision: Decision) => Promise<Outcome>,
): Promise<Outcome> {
  const method = String(req.headers[REQUEST_METHOD])
  const announced = parseRequest(method, req.url ?? '', req.headers)
  rejectReturned(announced, federation)
  const request = { ...announced, method: 'OPTIONS' }
  const decision = decide(announced, federation)
  if (decision.kind !== 'one' || isUnconfirmed(decision))
    return send(request, singleCloud(IDENTITY_PROVIDER))
  try {
    return await send(request, singleCloud(decision.to, decision.because))
  } catch (error) {
    const needsToken = error instanceof MixmatchError && error.code === 'NOT_AUTHENTICATED'
    if (!needsToken || decision.to === IDENTITY_PROVIDER) throw error
    return send(request, singleCloud(IDENTITY_PROVIDER))
  }
}

/** A decision without a resource, because the response to a preflight proves nothing about a resource. */
function singleCloud(to: SpName, because: SingleCloud['because'] = 'default'): SingleCloud {
  return { kind: 'one', to, because, resource: null, owner: null, restsOn: null }
}
