import type { Middleware } from 'koa'
import type { Caller } from '../identity/identity.js'
import type { Token } from '../identity/token.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import { parseJson } from '../json.js'
import type { ExtendNetwork } from '../network-extension/extend-network.js'
import { isNetworkPath, requireExtension } from '../network-extension/extension-path.js'
import { readBody } from './request-body.js'
import { tokenIn, tokenMissing } from './request-token.js'
import type { RequestState } from './request-trace.js'

export interface NetworkParts {
  readonly authenticate: (token: Token) => Promise<Caller>
  /** null or absent if network is not among the `enabled_services` of the identity provider. */
  readonly extendNetwork?: ExtendNetwork | null
  /** How long a client may pause while it sends a body. */
  readonly idleTimeoutMs: number
}

/** The limit of Neutron itself (oslo.middleware's sizelimit). */
const MAX_BODY_BYTES = 112 * 1024

/** Serve the network extension. Mixmatch serves nothing else below `/network`. */
export function networkRoutes(parts: NetworkParts): Middleware<RequestState> {
  return async (ctx, next) => {
    if (!isNetworkPath(ctx.path)) return next()
    const extendNetwork = requireExtension(ctx.method, ctx.path, parts.extendNetwork ?? null)
    const { req, res } = ctx
    const { trace } = ctx.state
    const token = tokenIn(req, 'x-auth-token')
    if (token === null) throw tokenMissing()
    const caller = await parts.authenticate(token)
    trace.caller = caller
    const limits = { limit: MAX_BODY_BYTES, idleMs: parts.idleTimeoutMs }
    const body = parseJson((await readBody(req, res, limits)).toString())
    const { requestId } = trace
    ctx.body = await extendNetwork({
      token,
      caller,
      body,
      requestId,
      isClientGone: () => res.destroyed,
    })
    trace.serviceProvider = IDENTITY_PROVIDER
    ctx.status = 201
    ctx.set('Content-Type', 'application/json')
    ctx.set('X-Openstack-Request-Id', requestId)
    ctx.set('MM-Service-Provider', IDENTITY_PROVIDER)
  }
}
