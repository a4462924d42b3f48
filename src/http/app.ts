import type { RequestListener } from 'node:http'
import Koa, { type Middleware } from 'koa'
import { type Health, healthcheck } from './healthcheck.js'
import { type NetworkParts, networkRoutes } from './network-routes.js'
import { createForward, isForwarded, type ProxyParts, proxyLayer } from './proxy-routes.js'
import { createRequestCheck } from './request-check.js'
import type { RequestState } from './request-trace.js'
import { createServe, type ServeOptions, serveLayer } from './serve-request.js'

export interface AppOptions extends ProxyParts, NetworkParts, ServeOptions {
  readonly health: () => Health
}

/**
 * Create the app of the public port. Requests for Glance and Cinder take the two steps that they need, without
 * Koa, and write their response themselves. All others take every layer, and Koa writes the response.
 */
export function createApp(options: AppOptions): RequestListener {
  const { health, logger } = options
  const errorOf = createRequestCheck()
  const serve = createServe(options)
  const forward = createForward(options)

  /** Check and normalise a request before anything reads its path. */
  function checkRequest(whenWellFormed: Middleware): Middleware<RequestState> {
    return async (ctx, next) => {
      ctx.state.malformed = errorOf(ctx.req, ctx.res)
      return ctx.state.malformed ? next() : whenWellFormed(ctx, next)
    }
  }

  const app = new Koa<RequestState>()
  app.use(checkRequest(healthcheck(health)))
  app.use(serveLayer(serve))
  app.use(networkRoutes(options))
  app.use(proxyLayer(forward))
  // The layers above handle every other error.
  app.on('error', error => logger.debug({ err: error }, 'the connection to a client broke'))
  const respond = app.callback()

  return (req, res) => {
    if (!isForwarded(req)) return void respond(req, res)
    // Koa's callback also watches the response and composes all layers: a fifth of the CPU time.
    const arrived = { req, res, malformed: errorOf(req, res) }
    serve(arrived, trace => forward({ req, res, trace })).catch(error => {
      logger.error({ err: error }, 'a request could not be logged')
      res.destroy()
    })
  }
}
