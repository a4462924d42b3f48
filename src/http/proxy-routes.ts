import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Middleware, ParameterizedContext } from 'koa'
import { MixmatchError } from '../errors.js'
import { withoutHeader } from '../http-client/raw-headers.js'
import type { Token } from '../identity/token.js'
import { parseJson } from '../json.js'
import { decide } from '../routing/decide.js'
import { type Decision, isUnconfirmed, type Unconfirmed } from '../routing/decision.js'
import { type Federation, openClouds, rejectReturned } from '../routing/federation.js'
import { parseRequest, type RoutedRequest } from '../routing/request.js'
import { needsBody } from '../routing/request-rule.js'
import type { AskNearer } from '../upstream/ask-nearer.js'
import type { Requester } from '../upstream/destination.js'
import type { Outcome } from '../upstream/forward-request.js'
import type { ProxiedRequest } from '../upstream/proxied-request.js'
import type { PublicAddress } from '../upstream/public-address.js'
import {
  type Authentication,
  identify,
  isForIdentityProvider,
  isServiceRequest,
} from './identify.js'
import { ANONYMOUS, isPreflight, sendPreflight } from './preflight.js'
import {
  announcedLength,
  hasBody,
  hasJsonType,
  MAX_READ_BYTES,
  readBody,
  tooLargeMessage,
} from './request-body.js'
import type { RequestState, RequestTrace } from './request-trace.js'

export interface ProxyParts extends Authentication {
  /** Whether the token in X-Service-Token belongs to a service. */
  readonly isService: (token: Token) => Promise<boolean>
  readonly federation: Federation
  readonly askNearer: AskNearer
  readonly send: (proxied: ProxiedRequest) => Promise<Outcome>
  readonly publicAddressOf: (req: IncomingMessage) => PublicAddress
  /** How long a client may pause while it sends a body that the proxy reads. */
  readonly idleTimeoutMs: number
}

/** The methods of Glance and Cinder. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

const FORWARDED = /^\/(?:image|volume)\//

/** Whether a request is one to forward. If not, it may still be one, or a preflight. */
export function isForwarded({ method = '', url = '' }: IncomingMessage): boolean {
  return METHODS.includes(method) && FORWARDED.test(url)
}

/** Forwards a request, and notes the outcome in its trace. The response has been written when its promise resolves. */
type Forward = (exchange: ForwardedExchange) => Promise<void>

export function createForward(parts: ProxyParts): Forward {
  return exchange =>
    isPreflight(exchange.req) ? forwardPreflight(exchange, parts) : forwardRequest(exchange, parts)
}

/** The layer of Koa that forwards every request with a method of Glance and Cinder, and preflights. */
export function proxyLayer(forward: Forward): Middleware<RequestState> {
  return async ctx => {
    const { req, res, state } = ctx
    if (!isPreflight(req) && !METHODS.includes(ctx.method)) return respondToOtherMethod(ctx)
    await forward({ req, res, trace: state.trace })
    ctx.respond = false // the response has been written already
  }
}

/** A request, its response, and what is known about them. */
interface ForwardedExchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly trace: RequestTrace
}

async function forwardRequest(exchange: ForwardedExchange, parts: ProxyParts): Promise<void> {
  const { req, res, trace } = exchange
  const parsed = parseRequest(req.method ?? '', req.url ?? '', req.headers)
  rejectReturned(parsed, parts.federation)
  const identified = identify(parsed, req, parts)
  const { token, caller, tokenError } =
    identified instanceof Promise ? await identified : identified
  trace.caller = caller

  const read = mustReadBody(parsed, req)
    ? await readBody(req, res, { limit: MAX_READ_BYTES, idleMs: parts.idleTimeoutMs })
    : null
  const body = read === null ? undefined : parseJson(read.toString())
  const known = { ...parsed, body, project: caller?.project?.id ?? null }
  const decided = decideNow(known, trace, parts)
  const { request, decision } = isUnconfirmed(decided.decision)
    ? await confirm(known, decided.decision, { token, caller }, exchange, parts)
    : decided
  if (tokenError && !isForIdentityProvider(decision)) throw tokenError
  if (read === null) rejectUnreadBody(request, req, decision, parts.federation)
  const service = caller !== null && isServiceRequest(req, decision, parts.isService)
  const requester = { token, caller, isService: service && (await service) }
  const sent = { request, decision, requester, body: read ?? streamOf(req) }
  trace.outcome = await sendDecided(exchange, parts, sent)
}

/** Tokens in a preflight are dropped, because they are not validated. */
async function forwardPreflight(exchange: ForwardedExchange, parts: ProxyParts): Promise<void> {
  const { req, trace } = exchange
  for (const token of ['x-auth-token', 'x-service-token']) {
    req.rawHeaders = withoutHeader(req.rawHeaders, token)
  }
  trace.outcome = await sendPreflight(req, parts.federation, (request, decision) =>
    sendDecided(exchange, parts, { request, decision, requester: ANONYMOUS, body: streamOf(req) }),
  )
}

/** Send a request to its cloud. The response has been written when the promise resolves. */
function sendDecided(
  { req, res, trace }: ForwardedExchange,
  { send, publicAddressOf }: ProxyParts,
  proxied: Pick<ProxiedRequest, 'request' | 'decision' | 'requester' | 'body'>,
): Promise<Outcome> {
  trace.decision = proxied.decision
  return send({
    ...proxied,
    publicAddress: publicAddressOf(req),
    requestId: trace.requestId,
    globalRequestId: trace.globalRequestId,
    req,
    res,
    progress: trace,
  })
}

function streamOf(req: IncomingMessage): 'stream' | null {
  return hasBody(req) ? 'stream' : null
}

interface Decided {
  readonly request: RoutedRequest
  readonly decision: Decision
}

function decideNow(request: RoutedRequest, trace: RequestTrace, parts: ProxyParts): Decided {
  const decision = decide(request, parts.federation)
  trace.decision = decision
  return { request, decision }
}

/**
 * Confirm a decision for which only the claim of a service provider speaks: the nearer clouds are asked
 * first, then the request is decided again with the results. No cloud is asked twice, so the loop ends.
 */
async function confirm(
  request: RoutedRequest,
  claimed: Unconfirmed,
  who: Omit<Requester, 'isService'>,
  { req, trace }: ForwardedExchange,
  parts: ProxyParts,
): Promise<Decided> {
  const { requestId, globalRequestId } = trace
  const requester = { ...who, isService: false }
  const publicAddress = parts.publicAddressOf(req)
  let decided: Decided = { request, decision: claimed }
  while (isUnconfirmed(decided.decision)) {
    const undecided = {
      request: decided.request,
      requester,
      publicAddress,
      requestId,
      globalRequestId,
      req,
    }
    const results = await parts.askNearer(undecided, decided.decision)
    const presenceChecks = [...decided.request.presenceChecks, ...results]
    decided = decideNow({ ...decided.request, presenceChecks }, trace, parts)
  }
  return decided
}

function mustReadBody(request: RoutedRequest, req: IncomingMessage): boolean {
  const fits = (announcedLength(req) ?? 0) <= MAX_READ_BYTES
  return hasBody(req) && hasJsonType(req) && needsBody(request) && fits
}

/**
 * Reject a body that is too long to read, if it could name another cloud than the default.
 *
 * @throws BODY_TOO_LARGE
 */
function rejectUnreadBody(
  request: RoutedRequest,
  req: IncomingMessage,
  decision: Decision,
  federation: Federation,
): void {
  const mayDecide = hasBody(req) && hasJsonType(req) && needsBody(request)
  if (!mayDecide || decision.because !== 'default') return
  if (openClouds(request, federation).length > 1) {
    throw new MixmatchError('BODY_TOO_LARGE', tooLargeMessage(MAX_READ_BYTES))
  }
}

/**
 * Respond to OPTIONS with the supported methods, as the services do, and to other methods with 405.
 *
 * @throws METHOD_NOT_ALLOWED
 */
function respondToOtherMethod(ctx: ParameterizedContext): void {
  ctx.set('Allow', METHODS.join(', '))
  if (ctx.method !== 'OPTIONS') {
    const message = `Expected one of the methods ${METHODS.join(', ')}, got ${ctx.method}.`
    throw new MixmatchError('METHOD_NOT_ALLOWED', message)
  }
  ctx.status = 200
  ctx.body = ''
}
