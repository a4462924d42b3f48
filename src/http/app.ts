import type { RequestListener } from 'node:http'
import Koa, { type Middleware } from 'koa'
import { type Health, healthcheck } from './healthcheck.js'
import { type NetworkParts, networkRoutes } from './network-routes.js'
import { createForward, isForwarded, type ProxyParts, proxyRoutes } from './proxy-routes.js'
import { createRequestCheck } from './request-check.js'
import type { RequestState } from './request-trace.js'
import { createServe, type ServeOptions } from './serve-request.js'

export interface AppOptions extends ProxyParts, NetworkParts, ServeOptions {
  readonly health: () => Health
}

/**
 * Create the app of the public port. Koa serves what the proxy answers itself. Requests for Glance and
 * Cinder take the same steps without Koa, which would take a tenth of their CPU time.
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
  app.use((ctx, next) =>
    serve(ctx.req, ctx.res, ctx.state.malformed, trace => {
      ctx.state.trace = trace
      return next()
    }),
  )
  app.use(networkRoutes(options))
  app.use(proxyRoutes(forward))
  // The layers above handle every other error.
  app.on('error', error => logger.debug({ err: error }, 'the connection to a client broke'))
  const respond = app.callback()
  return (req, res) => {
    if (!isForwarded(req)) return void respond(req, res)
    serve(req, res, errorOf(req, res), trace => forward(req, res, trace)).catch(error => {
      logger.error({ err: error }, 'a request could not be logged')
      res.destroy()
    })
  }
}
