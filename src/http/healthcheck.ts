import type { Middleware } from 'koa'

/** Whether this process should get requests, and why not: `['draining']`. */
export interface Health {
  readonly healthy: boolean
  readonly reasons: readonly string[]
}

const PATH = /^\/healthcheck(?:\?|$)/

/**
 * Respond to `/healthcheck` as oslo.middleware does, without a token: 200 with `OK`, or 503 with the
 * reasons. The body is text, or JSON if the client accepts JSON. HEAD gets 204 if the process is healthy.
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
