import type { IncomingMessage } from 'node:http'
import { MixmatchError } from '../errors.js'
import type { Caller } from '../identity/identity.js'
import type { Token } from '../identity/token.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import type { Decision } from '../routing/decision.js'
import type { RoutedRequest } from '../routing/request.js'
import type { Requester } from '../upstream/destination.js'
import { tokenIn, tokenMissing } from './request-token.js'

export interface Authentication {
  readonly cachedCaller: (token: Token) => Caller | undefined
  readonly authenticate: (token: Token) => Promise<Caller>
}

/** Who sends a request, and the error with its token. */
interface Identified extends Omit<Requester, 'isService'> {
  readonly tokenError: MixmatchError | null
}

/**
 * Find out who sends the request. Version documents need no token. A service that acts for a user may
 * use an expired token of the user. The identity provider's own services check this themselves, so the
 * error counts only if the request goes to another cloud.
 *
 * @throws NOT_AUTHENTICATED, IDENTITY_UNAVAILABLE
 */
export function identify(
  { method, path, controlHeaders }: RoutedRequest,
  req: IncomingMessage,
  { cachedCaller, authenticate }: Authentication,
): Identified | Promise<Identified> {
  const token = tokenIn(req, 'x-auth-token')
  const isDiscovery = path.target.kind === 'discovery' && (method === 'GET' || method === 'HEAD')
  if (isDiscovery && (token === null || controlHeaders.serviceProvider === null)) {
    return { token, caller: null, tokenError: null }
  }
  if (token === null) throw tokenMissing()
  const caller = cachedCaller(token)
  return caller ? { token, caller, tokenError: null } : validate(token, req, authenticate)
}

async function validate(
  token: Token,
  req: IncomingMessage,
  authenticate: Authentication['authenticate'],
): Promise<Identified> {
  try {
    return { token, caller: await authenticate(token), tokenError: null }
  } catch (error) {
    const mayHaveExpired = tokenIn(req, 'x-service-token') !== null
    if (
      !mayHaveExpired ||
      !(error instanceof MixmatchError) ||
      error.code !== 'NOT_AUTHENTICATED'
    ) {
      throw error
    }
    return { token, caller: null, tokenError: error }
  }
}

/**
 * Whether a service acts for the user. The identity provider validates service tokens itself.
 *
 * @throws NOT_AUTHENTICATED if the service token is invalid, as keystonemiddleware does;
 * IDENTITY_UNAVAILABLE
 */
export function isServiceRequest(
  req: IncomingMessage,
  decision: Decision,
  isService: (token: Token) => Promise<boolean>,
): false | Promise<boolean> {
  const received = tokenIn(req, 'x-service-token')
  return received !== null && !isForIdentityProvider(decision) && isService(received)
}

export function isForIdentityProvider(decision: Decision): boolean {
  return decision.kind === 'one' && decision.to === IDENTITY_PROVIDER
}
