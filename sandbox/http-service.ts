import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import Koa from 'koa'
import type { Caller, WhoIs } from './caller.js'
import { BROKEN, Refusal } from './refusal.js'

/** What the handlers of a miniature service know of the request in hand. */
export interface ServiceState {
  /** Set for all that `isOpen` does not name. */
  caller: Caller
  /** `req-<uuid>`, made here. */
  requestId: string
  /** The one that came with the request, where it has the right form. */
  globalRequestId: string | null
}

export type ServiceContext = Koa.ParameterizedContext<ServiceState>

export interface ServiceOptions {
  readonly whoIs: WhoIs
  /** Named in `WWW-Authenticate`. */
  readonly keystoneUrl: string
  /** Where what was not foreseen is told. */
  readonly report: (error: unknown) => void
}

/** What is particular to one service. */
export interface Manners {
  /** Paths that need no token. */
  isOpen(path: string): boolean
  /** A fault as the service shapes it: sets status, type and body. */
  render(ctx: ServiceContext, refusal: Refusal): void
}

/** How it shows that a client went away: no fault of ours. */
const HANG_UPS = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE']
const REQUEST_ID = /^req-[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}$/
const MAX_JSON_BYTES = 112 * 1024 // oslo.middleware's sizelimit

/** The ground that Glance and Cinder share: request ids, faults, and who is asking. */
export function createService<State extends ServiceState>(
  options: ServiceOptions,
  manners: Manners,
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
      if (!manners.isOpen(ctx.path)) ctx.state.caller = authenticate(ctx, options)
      await next()
    } catch (error) {
      if (!(error instanceof Refusal)) options.report(error)
      const refusal = error instanceof Refusal ? error : BROKEN
      manners.render(ctx, refusal)
      ctx.set(refusal.headers)
    }
  })
  return app
}

/** @throws Refusal 400 where the body is no JSON, 413 where it is too large for a JSON body */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_JSON_BYTES) throw new Refusal(413, 'Request is too large.')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new Refusal(400, 'Malformed JSON in request body.')
  }
}

/** `http://127.0.0.1:9292`, as the client names it: where absolute links begin. */
export function originOf({ protocol, host }: Pick<Koa.Context, 'protocol' | 'host'>): string {
  return `${protocol}://${host}`
}

function authenticate(ctx: ServiceContext, { whoIs, keystoneUrl }: ServiceOptions): Caller {
  const caller = whoIs(ctx.get('X-Auth-Token'))
  if (caller) return caller
  throw new Refusal(401, 'The request you have made requires authentication.', {
    headers: { 'WWW-Authenticate': `Keystone uri="${keystoneUrl}"` },
  })
}

function isHangUp(error: unknown): boolean {
  return error instanceof Error && 'code' in error && HANG_UPS.includes(String(error.code))
}
