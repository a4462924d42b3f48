import type { IncomingMessage, RequestListener } from 'node:http'
import Koa, { type Middleware } from 'koa'
import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { AnsweredRequest } from '../metrics/proxy-metrics.js'
import { logAccess } from './access-log.js'
import { describeAnswered } from './answered-request.js'
import { logFault, toFaultResponse } from './fault-response.js'
import { type Health, healthcheck } from './healthcheck.js'
import { closeLingering } from './lingering-close.js'
import { type NetworkParts, networkExtension } from './network-routes.js'
import { type ProxyParts, proxy } from './proxy-routes.js'
import { createRequestCheck } from './request-check.js'
import { type RequestState, startTrace } from './request-trace.js'

export interface AppOptions extends ProxyParts, NetworkParts {
  readonly health: () => Health
  /** The Keystone that clients log in to. */
  readonly authenticateUri: string
  /** At once; null for no limit. */
  readonly maxRequests: number | null
  /** The address of the client, through trusted proxies. */
  readonly clientAddress: (req: IncomingMessage) => string
  /** Told of every request when it is over. */
  readonly onAnswered?: (request: AnsweredRequest) => void
  readonly logger: Logger
}

/** What answers the proxy's clients: from the outside in, each layer with one concern. */
export function createApp(options: AppOptions): RequestListener {
  const { health, authenticateUri, maxRequests, onAnswered = () => {}, logger } = options
  const app = new Koa<RequestState>()
  app.use(checkedHead(healthcheck(health)))
  app.use(traced(logger.child({ access: true }), options.clientAddress, onAnswered))
  app.use(faultsAnswered(logger, authenticateUri))
  app.use(rejectMalformed)
  app.use(limited(maxRequests))
  app.use(networkExtension(options))
  app.use(proxy(options))
  // The layers above have told of everything but connections that break under an answer.
  app.on('error', error => logger.debug({ err: error }, 'a connection broke'))
  return app.callback()
}

/** Check the head of a request and put it into one form, before anybody looks at its path. */
function checkedHead(whenWellFormed: Middleware): Middleware<RequestState> {
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

/** One line in the access log for every request, however it ended, and a count of it. */
function traced(
  logger: Logger,
  clientAddress: AppOptions['clientAddress'],
  onAnswered: (request: AnsweredRequest) => void,
): Middleware<RequestState> {
  return async (ctx, next) => {
    const { req, res } = ctx
    ctx.state.trace = startTrace(req, clientAddress(req), performance.now())
    closeLingering(req, res)
    await next()
    const now = performance.now()
    logAccess(logger, req, res, ctx.state.trace, now)
    onAnswered(describeAnswered(req, res, ctx.state.trace, now))
  }
}

/** What goes wrong becomes an answer that the clients of the service understand. */
function faultsAnswered(logger: Logger, authenticateUri: string): Middleware<RequestState> {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const { requestId } = ctx.state.trace
      ctx.state.trace.fault = error instanceof MixmatchError ? error.code : 'UNFORESEEN'
      logFault(error, requestId, logger)
      if (ctx.headerSent) {
        ctx.respond = false
        ctx.res.destroy() // half an answer must not look like a whole one
        return
      }
      const { status, headers, body } = toFaultResponse(error, ctx.req.url ?? '', authenticateUri)
      ctx.status = status
      ctx.set({ ...headers, 'X-Openstack-Request-Id': requestId })
      ctx.body = body
    }
  }
}

/** So many requests at once and no more: what is over is turned away while it is cheap. */
function limited(maxRequests: number | null): Middleware<RequestState> {
  let running = 0
  return async (_, next) => {
    if (maxRequests !== null && running >= maxRequests) {
      const message = `The proxy has ${running} requests in hand and takes no more (max_requests).`
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
