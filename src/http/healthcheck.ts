import type { Middleware } from 'koa'

/** Whether this process should get requests, and why not: `['draining']`. */
export interface Health {
  readonly healthy: boolean
  readonly reasons: readonly string[]
}

const PATH = /^\/healthcheck(?:\?|$)/

/**
 * Answer `/healthcheck` as oslo.middleware's healthcheck does, without a token: 200 with `OK` or 503
 * with the reasons, as text or, where the client asks for it, JSON; 204 to a HEAD while all is well.
 */
export function healthcheck(health: () => Health): Middleware {
  return async (ctx, next) => {
    if (!PATH.test(ctx.url)) return next()
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.status = 405
      ctx.set('Allow', 'GET, HEAD')
      return
    }
    const { healthy, reasons } = health()
    const shown = reasons.length > 0 ? reasons : ['OK']
    ctx.status = healthy ? 200 : 503
    ctx.set('Cache-Control', 'no-store')
    if (ctx.method === 'HEAD') ctx.status = healthy ? 204 : 503
    else if (ctx.accepts('text', 'json') === 'json') ctx.body = { detailed: false, reasons: shown }
    else ctx.body = shown.join('\n')
  }
}
