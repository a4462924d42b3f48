import type { IncomingMessage } from 'node:http'
import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import { decide } from '../routing/decide.js'
import type { Decision, One } from '../routing/decision.js'
import type { Federation } from '../routing/federation.js'
import { parseRequest, type RoutedRequest } from '../routing/request.js'
import type { Outcome } from '../upstream/forward.js'

/** By what a browser asks before it sends a request to another origin (the Fetch standard, §4.8). */
const REQUEST_METHOD = 'access-control-request-method'

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && REQUEST_METHOD in headers
}

/** Nobody: a preflight comes without a token, whoever sends the request after it. */
export const ANONYMOUS = { token: null, caller: null, isService: false } as const

/**
 * Send a preflight to the cloud where the request after it would go, for that cloud's service is the
 * one to say which origins may use it. Where only a token or a body could tell the cloud, and where
 * the cloud cannot be reached without a token, the preflight goes to the identity provider.
 *
 * @throws what `parseRequest`, `decide` and `send` do
 */
export async function sendPreflight(
  req: IncomingMessage,
  federation: Federation,
  send: (request: RoutedRequest, decision: Decision) => Promise<Outcome>,
): Promise<Outcome> {
  const method = String(req.headers[REQUEST_METHOD])
  const announced = parseRequest(method, req.url ?? '', req.headers)
  const request = { ...announced, method: 'OPTIONS' }
  const decision = decide(announced, federation)
  if (decision.kind !== 'one') return send(request, goTo(IDENTITY_PROVIDER))
  try {
    return await send(request, goTo(decision.to, decision.because))
  } catch (error) {
    const needsToken = error instanceof MixmatchError && error.code === 'NOT_AUTHENTICATED'
    if (!needsToken || decision.to === IDENTITY_PROVIDER) throw error
    return send(request, goTo(IDENTITY_PROVIDER))
  }
}

/** A preflight is not the request itself, so that its answer tells nothing of a resource. */
function goTo(to: SpName, because: One['because'] = 'default'): One {
  return { kind: 'one', to, because, resource: null, owner: null, restsOn: null }
}
