import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { isIP } from 'node:net'
import type { Context, Middleware } from 'koa'
import type { Logger } from 'pino'
import type { AdmitVisitor, OpsVisitor } from '../api/visitor.js'
import { MixmatchError } from '../errors.js'
import { redactedExcerpt, redactPath } from '../redaction.js'
import { logFault } from './fault-response.js'
import { tokenIn } from './request-token.js'

/** What the layers of the port for operators share about one request. */
export interface OpsState {
  requestId: string
  /** null before the visitor is admitted, or if it was refused. */
  visitor: OpsVisitor | null
  /** The error of the response; null if there is none. */
  fault: { readonly code: string; readonly message: string } | null
}

/** Admit the visitor of a request by its X-Auth-Token. Throws as `AdmitVisitor`. */
export async function admitVisitor(
  ctx: Pick<Context, 'req'> & { state: OpsState },
  admit: AdmitVisitor,
): Promise<OpsVisitor> {
  const visitor = await admit(tokenIn(ctx.req, 'x-auth-token'))
  ctx.state.visitor = visitor
  return visitor
}

/**
 * Log each request in the access log, with who made it and whether it may show the data of other
 * projects. Probes of health and metrics are logged only if they are refused.
 */
export function logVisits(
  logger: Logger,
  isProbe: (path: string) => boolean,
): Middleware<OpsState> {
  const access = logger.child({ access: true, port: 'ops' })
  return async (ctx, next) => {
    const startedAt = performance.now()
    const requestId = `req-${randomUUID()}`
    Object.assign(ctx.state, { requestId, visitor: null, fault: null } satisfies OpsState)
    ctx.set('X-Openstack-Request-Id', requestId)
    ctx.res.once('close', () => {
      const { visitor, fault } = ctx.state
      if (fault === null && isProbe(ctx.path)) return
      access.info(
        {
          request_id: requestId,
          client: ctx.req.socket.remoteAddress ?? null,
          user_agent: redactedExcerpt(ctx.get('User-Agent'), MAX_USER_AGENT) || null,
          method: ctx.method,
          path: redactPath(ctx.req.url ?? ''),
          status: ctx.status,
          ms: Math.round((performance.now() - startedAt) * 10) / 10,
          user: visitor?.userId ?? null,
          project: visitor?.project ?? null,
          role: visitor?.role ?? null,
          sees: visitor && (visitor.viewer === 'all' ? 'all projects' : 'own project'),
          fault: fault?.code ?? null,
          problem: fault?.message ?? null,
        },
        'request',
      )
    })
    await next()
  }
}

/** Longer than the user agent of any real client. */
const MAX_USER_AGENT = 256

/** Turn an error into JSON with a message. Details of an unforeseen error are only in the log. */
export function respondToOpsErrors(logger: Logger): Middleware<OpsState> {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      logFault(error, ctx.state.requestId, logger)
      const { status, ...fault } =
        error instanceof MixmatchError
          ? { status: error.status, code: error.code, message: error.message }
          : { status: 500, code: 'UNFORESEEN', message: UNFORESEEN }
      ctx.state.fault = fault
      ctx.status = status
      if (status === 401) ctx.set('WWW-Authenticate', 'X-Auth-Token')
      if (status === 503) ctx.set('Retry-After', '5')
      ctx.body = { error: { code: status, title: STATUS_CODES[status], message: fault.message } }
    }
  }
}

const UNFORESEEN = 'Mixmatch failed. Its log has the details under this request id.'

/**
 * While the port asks for no token, reject requests whose Host is neither an address nor `localhost`. A
 * page in a browser of this machine could otherwise read everything through a name of its own that it
 * resolves to the loopback address (DNS rebinding).
 *
 * @throws FORBIDDEN
 */
export function rejectForeignHost(isOpen: () => boolean): Middleware<OpsState> {
  return async (ctx, next) => {
    const name = ctx.hostname.replace(/^\[(.*)\]$/, '$1')
    if (isOpen() && isIP(name) === 0 && name !== 'localhost') {
      const message = `Without a token the API is served only to localhost and addresses, not as "${name}". For other names set [ops] auth = keystone.`
      throw new MixmatchError('FORBIDDEN', message)
    }
    return next()
  }
}
