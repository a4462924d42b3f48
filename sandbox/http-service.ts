import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import Koa from 'koa'
import { ApiFault, SERVER_ERROR } from './api-fault.js'
import type { Caller, WhoIs } from './caller.js'

/** The state of a request in a miniature service. */
export interface ServiceState {
  /** Set for all paths but those of `isOpen`. */
  caller: Caller
  /** `req-<uuid>`, made here. */
  requestId: string
  /** The client's request id, if it has the right form. */
  globalRequestId: string | null
}

export type ServiceContext = Koa.ParameterizedContext<ServiceState>

export interface ServiceOptions {
  readonly whoIs: WhoIs
  /** Named in `WWW-Authenticate`. */
  readonly keystoneUrl: string
  /** Called with unexpected errors. */
  readonly report: (error: unknown) => void
}

/** What is particular to one service. */
interface ServiceRules {
  /** Paths that need no token. */
  isOpen(path: string): boolean
  /** A fault as the service shapes it: sets status, type and body. */
  render(ctx: ServiceContext, refusal: ApiFault): void
}

/** Error codes that mean that the client closed the connection. */
const HANG_UPS = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE']
const REQUEST_ID = /^req-[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}$/
const MAX_JSON_BYTES = 112 * 1024 // oslo.middleware's sizelimit

/** What Glance and Cinder share: request ids, faults and authentication. */
export function createService<State extends ServiceState>(
  options: ServiceOptions,
  rules: ServiceRules,
): Koa<State> {
  const app = new Koa<State>()
  app.on('error', error => {
    if (!isHangUp(error)) options.report(error)
  })
  app.use(async (ctx, next) => {
    const theirs = ctx.get('X-Openstack-Request-Id')
    ctx.state.requestId = `req-${randomUUID()}`
    ctx.state.globalRequestId = REQUEST_ID.test(theirs) ? theirs : null
    ctx.set('X-Openstack-Request-Id', ctx.state.requestId)
    try {
      if (!rules.isOpen(ctx.path)) ctx.state.caller = authenticate(ctx, options)
      await next()
    } catch (error) {
      if (!(error instanceof ApiFault)) options.report(error)
      const refusal = error instanceof ApiFault ? error : SERVER_ERROR
      rules.render(ctx, refusal)
      ctx.set(refusal.headers)
    }
  })
  return app
}

/** @throws ApiFault 400 if the body is not JSON, 413 if it is too large */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_JSON_BYTES) throw new ApiFault(413, 'Request is too large.')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new ApiFault(400, 'Malformed JSON in request body.')
  }
}

/** The base of absolute links, as the client addressed us: `http://127.0.0.1:9292`. */
export function originOf({ protocol, host }: Pick<Koa.Context, 'protocol' | 'host'>): string {
  return `${protocol}://${host}`
}

function authenticate(ctx: ServiceContext, { whoIs, keystoneUrl }: ServiceOptions): Caller {
  const caller = whoIs(ctx.get('X-Auth-Token'))
  if (caller) return caller
  throw new ApiFault(401, 'The request you have made requires authentication.', {
    headers: { 'WWW-Authenticate': `Keystone uri="${keystoneUrl}"` },
  })
}

function isHangUp(error: unknown): boolean {
  return error instanceof Error && 'code' in error && HANG_UPS.includes(String(error.code))
}
