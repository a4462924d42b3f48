import type { IncomingMessage } from 'node:http'
import type { Context, Middleware, ParameterizedContext } from 'koa'
import { MixmatchError } from '../errors.js'
import { withoutHeader } from '../http-client/raw-headers.js'
import type { Caller } from '../identity/identity.js'
import { Token } from '../identity/token.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import { parseJson } from '../json.js'
import { needsBody } from '../routing/call.js'
import { decide } from '../routing/decide.js'
import { type Decision, isUnconfirmed } from '../routing/decision.js'
import { type Federation, openTo } from '../routing/federation.js'
import { parseRequest, type RoutedRequest } from '../routing/request.js'
import type { AskNearer } from '../upstream/confirm.js'
import type { Sender } from '../upstream/destination.js'
import type { Outcome } from '../upstream/forward.js'
import type { Arrival } from '../upstream/forwarded.js'
import type { Passage } from '../upstream/send.js'
import { ANONYMOUS, isPreflight, sendPreflight } from './preflight.js'
import {
  announcedLength,
  hasBody,
  hasJsonType,
  MAX_READ_BYTES,
  readBody,
  tooLargeMessage,
} from './request-body.js'
import type { RequestState } from './request-trace.js'

export interface ProxyParts {
  readonly authenticate: (token: Token) => Promise<Caller>
  /** Whether what came in X-Service-Token is a service's. */
  readonly isService: (token: Token) => Promise<boolean>
  readonly federation: Federation
  readonly askNearer: AskNearer
  readonly send: (passage: Passage) => Promise<Outcome>
  readonly arrivalOf: (req: IncomingMessage) => Arrival
  /** How long the body of a request that is read may stand still. */
  readonly idleTimeoutMs: number
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Take one Glance or Cinder request to the cloud that it belongs to. */
export function proxy(parts: ProxyParts): Middleware<RequestState> {
  return async ctx => {
    const { trace } = ctx.state
    if (isPreflight(ctx.req)) trace.outcome = await passPreflight(ctx, parts)
    else if (METHODS.includes(ctx.method)) trace.outcome = await passRequest(ctx, parts)
    else return respondToOtherMethod(ctx)
    ctx.respond = false // all of it is written already
  }
}

type ProxyContext = ParameterizedContext<RequestState>

async function passRequest(ctx: ProxyContext, parts: ProxyParts): Promise<Outcome> {
  const { req, res } = ctx
  const { trace } = ctx.state
  const parsed = parseRequest(ctx.method, req.url ?? '', req.headers)
  const { objection, ...who } = await identify(parsed, req, parts.authenticate)
  trace.caller = who.caller

  const read = mustReadBody(parsed, req)
    ? await readBody(req, res, { limit: MAX_READ_BYTES, idleMs: parts.idleTimeoutMs })
    : null
  const body = read === null ? undefined : parseJson(read.toString())
  const known = { ...parsed, body, project: who.caller?.project?.id ?? null }
  const { request, decision } = await decideConfirmed(known, who, ctx, parts)
  if (objection && !isForHome(decision)) throw objection
  if (read === null) rejectUnreadBody(request, req, decision, parts.federation)
  const isService = who.caller !== null && (await isServiceRequest(req, decision, parts))
  const sender = { ...who, isService }
  return sendOn(ctx, parts, { request, decision, sender, body: read ?? streamOf(req) })
}

/** Without the tokens, should it have any: nobody has judged them. */
function passPreflight(ctx: ProxyContext, parts: ProxyParts): Promise<Outcome> {
  const { req } = ctx
  for (const token of ['x-auth-token', 'x-service-token']) {
    req.rawHeaders = withoutHeader(req.rawHeaders, token)
  }
  return sendPreflight(req, parts.federation, (request, decision) =>
    sendOn(ctx, parts, { request, decision, sender: ANONYMOUS, body: streamOf(req) }),
  )
}

/** Send a request where it was decided to go; the answer is written when the promise resolves. */
async function sendOn(
  { req, res, state: { trace } }: ProxyContext,
  { send, arrivalOf }: ProxyParts,
  passage: Pick<Passage, 'request' | 'decision' | 'sender' | 'body'>,
): Promise<Outcome> {
  trace.decision = passage.decision
  return send({
    ...passage,
    arrival: arrivalOf(req),
    requestId: trace.requestId,
    globalRequestId: trace.globalRequestId,
    req,
    res,
    onCloud(cloud) {
      trace.serviceProvider = cloud
    },
    onFirstByte(ms) {
      trace.firstByteMs = ms
    },
    onObserved(isRecorded) {
      trace.observed = isRecorded && trace.observed !== 'pending' ? 'recorded' : 'pending'
    },
  })
}

function streamOf(req: IncomingMessage): 'stream' | null {
  return hasBody(req) ? 'stream' : null
}

/**
 * Where a request goes. As long as that rests on no more than a service provider's word, nearer
 * clouds are asked and it is decided anew with what they said, which ends because none is asked twice.
 */
async function decideConfirmed(
  known: RoutedRequest,
  who: Omit<Sender, 'isService'>,
  { req, state: { trace } }: ProxyContext,
  { federation, askNearer, arrivalOf }: ProxyParts,
): Promise<{ request: RoutedRequest; decision: Decision }> {
  let request = known
  for (;;) {
    const decision = decide(request, federation)
    trace.decision = decision
    if (!isUnconfirmed(decision)) return { request, decision }
    const { requestId, globalRequestId } = trace
    const sender = { ...who, isService: false }
    const undecided = { request, sender, arrival: arrivalOf(req), requestId, globalRequestId, req }
    const results = await askNearer(undecided, decision)
    request = { ...request, probes: [...request.probes, ...results] }
  }
}

/**
 * Who sends the request. Version documents are for everybody. A service that acts for a user may go
 * on with the user's token after it has expired; whether it may is for the identity provider's own
 * services to judge, so the objection counts only where the request goes elsewhere.
 *
 * @throws NOT_AUTHENTICATED, IDENTITY_UNAVAILABLE
 */
async function identify(
  { method, path, controls }: RoutedRequest,
  req: IncomingMessage,
  authenticate: ProxyParts['authenticate'],
): Promise<Omit<Sender, 'isService'> & { objection: MixmatchError | null }> {
  const token = tokenIn(req, 'x-auth-token')
  const isDiscovery = path.target.kind === 'discovery' && (method === 'GET' || method === 'HEAD')
  if (isDiscovery && (token === null || controls.serviceProvider === null)) {
    return { token, caller: null, objection: null }
  }
  if (token === null) {
    const message = 'The request you have made requires authentication.'
    throw new MixmatchError('NOT_AUTHENTICATED', message)
  }
  try {
    return { token, caller: await authenticate(token), objection: null }
  } catch (error) {
    const mayGoOn = tokenIn(req, 'x-service-token') !== null
    if (!mayGoOn || !(error instanceof MixmatchError) || error.code !== 'NOT_AUTHENTICATED') {
      throw error
    }
    return { token, caller: null, objection: error }
  }
}

/**
 * Whether a service acts for the user. What goes home is judged there, as the user's token is.
 *
 * @throws NOT_AUTHENTICATED for a service token that is none, as keystonemiddleware refuses it;
 * IDENTITY_UNAVAILABLE
 */
async function isServiceRequest(
  req: IncomingMessage,
  decision: Decision,
  { isService }: ProxyParts,
): Promise<boolean> {
  const received = tokenIn(req, 'x-service-token')
  return received !== null && !isForHome(decision) && (await isService(received))
}

function tokenIn(req: IncomingMessage, header: 'x-auth-token' | 'x-service-token'): Token | null {
  const secret = req.headers[header]
  return typeof secret === 'string' && secret !== '' ? new Token(secret) : null
}

function isForHome(decision: Decision): boolean {
  return decision.kind === 'one' && decision.to === IDENTITY_PROVIDER
}

function mustReadBody(request: RoutedRequest, req: IncomingMessage): boolean {
  const fits = (announcedLength(req) ?? 0) <= MAX_READ_BYTES
  return hasBody(req) && hasJsonType(req) && needsBody(request) && fits
}

/**
 * Refuse a body too long to be read where it could have named another cloud than the one to which
 * the request would go without it.
 *
 * @throws BODY_TOO_LARGE
 */
function rejectUnreadBody(
  request: RoutedRequest,
  req: IncomingMessage,
  decision: Decision,
  federation: Federation,
): void {
  const unread = hasBody(req) && hasJsonType(req) && needsBody(request)
  if (!unread || decision.because !== 'default') return
  if (openTo(request, federation).length > 1) {
    throw new MixmatchError('BODY_TOO_LARGE', tooLargeMessage(MAX_READ_BYTES))
  }
}

/**
 * No service has anything behind OPTIONS but what it allows, and to any other method its `405`.
 *
 * @throws METHOD_NOT_ALLOWED
 */
function respondToOtherMethod(ctx: Context): void {
  ctx.set('Allow', METHODS.join(', '))
  if (ctx.method !== 'OPTIONS') {
    const message = `Expected one of the methods ${METHODS.join(', ')}, got ${ctx.method}.`
    throw new MixmatchError('METHOD_NOT_ALLOWED', message)
  }
  ctx.status = 200
  ctx.body = ''
}
