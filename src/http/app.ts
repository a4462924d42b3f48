import type { IncomingMessage, RequestListener } from 'node:http'
import Koa, { type Middleware } from 'koa'
import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { AnsweredRequest } from '../metrics/proxy-metrics.js'
import { logAccess } from './access-log.js'
import { answeredOf } from './answered.js'
import { faultOf, logFault } from './faults.js'
import { type Health, healthcheck } from './healthcheck.js'
import { lingerAfter } from './linger.js'
import { type NetworkParts, networkExtension } from './network.js'
import { type ProxyParts, proxy } from './proxy.js'
import { createHeadCheck } from './request-head.js'
import { openTrace, type State } from './trace.js'

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
  const app = new Koa<State>()
  app.use(checkedHead(healthcheck(health)))
  app.use(traced(logger.child({ access: true }), options.clientAddress, onAnswered))
  app.use(faultsAnswered(logger, authenticateUri))
  app.use(refuseMalformed)
  app.use(limited(maxRequests))
  app.use(networkExtension(options))
  app.use(proxy(options))
  // The layers above have told of everything but connections that break under an answer.
  app.on('error', error => logger.debug({ err: error }, 'a connection broke'))
  return app.callback()
}

/** Check the head of a request and put it into one form, before anybody looks at its path. */
function checkedHead(whenWellFormed: Middleware): Middleware<State> {
  const errorOf = createHeadCheck()
  return async (ctx, next) => {
    ctx.state.malformed = errorOf(ctx.req, ctx.res)
    return ctx.state.malformed ? next() : whenWellFormed(ctx, next)
  }
}

/** @throws BAD_REQUEST, HEADERS_TOO_LARGE */
const refuseMalformed: Middleware<State> = async (ctx, next) => {
  if (ctx.state.malformed) throw ctx.state.malformed
  return next()
}

/** One line in the access log for every request, however it ended, and a count of it. */
function traced(
  logger: Logger,
  clientAddress: AppOptions['clientAddress'],
  onAnswered: (request: AnsweredRequest) => void,
): Middleware<State> {
  return async (ctx, next) => {
    const { req, res } = ctx
    ctx.state.trace = openTrace(req, clientAddress(req), performance.now())
    lingerAfter(req, res)
    await next()
    const now = performance.now()
    logAccess(logger, req, res, ctx.state.trace, now)
    onAnswered(answeredOf(req, res, ctx.state.trace, now))
  }
}

/** What goes wrong becomes an answer that the clients of the service understand. */
function faultsAnswered(logger: Logger, authenticateUri: string): Middleware<State> {
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
      const { status, headers, body } = faultOf(error, ctx.req.url ?? '', authenticateUri)
      ctx.status = status
      ctx.set({ ...headers, 'X-Openstack-Request-Id': requestId })
      ctx.body = body
    }
  }
}

/** So many requests at once and no more: what is over is turned away while it is cheap. */
function limited(maxRequests: number | null): Middleware<State> {
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
