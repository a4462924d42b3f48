import type { IncomingMessage, RequestListener } from 'node:http'
import Koa, { type Middleware } from 'koa'
import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { AnsweredRequest } from '../metrics/proxy-metrics.js'
import { accessFields } from './access-log.js'
import { describeAnswered } from './answered-request.js'
import { logFault, toFaultResponse } from './fault-response.js'
import { type Health, healthcheck } from './healthcheck.js'
import { closeLingering } from './lingering-close.js'
import { type NetworkParts, networkRoutes } from './network-routes.js'
import { type ProxyParts, proxyRoutes } from './proxy-routes.js'
import { createRequestCheck } from './request-check.js'
import { type RequestState, startTrace } from './request-trace.js'

export interface AppOptions extends ProxyParts, NetworkParts {
  readonly health: () => Health
  /** The Keystone that clients log in to. */
  readonly authenticateUri: string
  /** Requests that run at the same time; null for no limit. */
  readonly maxRequests: number | null
  /** The address of the client, through trusted proxies. */
  readonly clientAddress: (req: IncomingMessage) => string
  /** Called when a request arrives; `onAnswered` follows when it has ended. */
  readonly onArrival?: () => void
  /** Called with every request when it has ended. */
  readonly onAnswered?: (request: AnsweredRequest) => void
  /** Writes a line of the access log. */
  readonly logRequest: (fields: object) => void
  readonly logger: Logger
}

/** Create the app of the public port. The outermost layer comes first. */
export function createApp(options: AppOptions): RequestListener {
  const { health, authenticateUri, maxRequests, onAnswered = () => {}, logger } = options
  const app = new Koa<RequestState>()
  app.use(checkRequest(healthcheck(health)))
  app.use(recordRequest(options, onAnswered))
  app.use(respondToErrors(logger, authenticateUri))
  app.use(rejectMalformed)
  app.use(limitRequests(maxRequests))
  app.use(networkRoutes(options))
  app.use(proxyRoutes(options))
  // The layers above handle every other error.
  app.on('error', error => logger.debug({ err: error }, 'the connection to a client broke'))
  return app.callback()
}

/** Check and normalise a request before anything reads its path. */
function checkRequest(whenWellFormed: Middleware): Middleware<RequestState> {
  const errorOf = createRequestCheck()
  return async (ctx, next) => {
    ctx.state.malformed = errorOf(ctx.req, ctx.res)
    return ctx.state.malformed ? next() : whenWellFormed(ctx, next)
  }
}

/** @throws BAD_REQUEST, HEADERS_TOO_LARGE */
const rejectMalformed: Middleware<RequestState> = async (ctx, next) => {
  if (ctx.state.malformed) throw ctx.state.malformed
  return next()
}

/** Log and count every request when it has ended. */
function recordRequest(
  { clientAddress, logRequest, onArrival = () => {} }: AppOptions,
  onAnswered: (request: AnsweredRequest) => void,
): Middleware<RequestState> {
  return async (ctx, next) => {
    const { req, res } = ctx
    ctx.state.trace = startTrace(req, clientAddress(req), performance.now())
    closeLingering(req, res)
    onArrival()
    await next()
    const now = performance.now()
    logRequest(accessFields(req, res, ctx.state.trace, now))
    onAnswered(describeAnswered(req, res, ctx.state.trace, now))
  }
}

/** Turn an error into a response that clients of the requested service understand. */
function respondToErrors(logger: Logger, authenticateUri: string): Middleware<RequestState> {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const { requestId } = ctx.state.trace
      ctx.state.trace.fault = error instanceof MixmatchError ? error.code : 'UNFORESEEN'
      logFault(error, requestId, logger)
      if (ctx.headerSent) {
        ctx.respond = false
        ctx.res.destroy() // half a response must not look complete
        return
      }
      const { status, headers, body } = toFaultResponse(error, ctx.req.url ?? '', authenticateUri)
      ctx.status = status
      ctx.set({ ...headers, 'X-Openstack-Request-Id': requestId })
      ctx.body = body
    }
  }
}

/** Reject requests above the limit before they cost anything. */
function limitRequests(maxRequests: number | null): Middleware<RequestState> {
  let running = 0
  return async (_, next) => {
    if (maxRequests !== null && running >= maxRequests) {
      const message = `The proxy already handles ${running} requests, and takes no more (max_requests).`
      throw new MixmatchError('OVERLOADED', message)
    }
    running += 1
    try {
      await next()
    } finally {
      running -= 1
    }
  }
}
