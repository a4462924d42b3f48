import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Context, Middleware } from 'koa'
import Router from 'koa-router'
import type { Logger } from 'pino'
import type { QueryRunner } from '../api/query-runner.js'
import { apiRoutes } from '../api/routes.js'
import { MixmatchError } from '../errors.js'
import { isJsonObject, parseJson } from '../json.js'
import { redactedExcerpt, redactPath } from '../redaction.js'
import { logFault } from './fault-response.js'
import type { AdmitVisitor, OpsVisitor } from './ops-visitor.js'
import { announcedLength, readBody } from './request-body.js'
import { tokenIn } from './request-token.js'

export interface OpsApiParts {
  readonly queryRunner: Pick<QueryRunner, 'ask'>
  readonly admit: AdmitVisitor
}

/** What the layers of the port for operators share about one request. */
export interface OpsState {
  requestId: string
  /** null before the visitor is admitted, or if it was refused. */
  visitor: OpsVisitor | null
  /** The code of an error response; null if there is none. */
  fault: string | null
}

/** The read API: each route runs a query for the visitor, and answers with JSON. */
export function createApiRouter({ queryRunner, admit }: OpsApiParts): Router<OpsState> {
  const router = new Router<OpsState>()
  for (const { method, path, query } of apiRoutes) {
    const route = path.replace(/\{(\w+)\}/g, ':$1')
    router.register(route, [method === 'GET' ? 'GET' : 'POST'], async ctx => {
      const visitor = await admitVisitor(ctx, admit)
      const given = method === 'GET' ? ctx.query : await readParameters(ctx)
      const answer = await queryRunner.ask(query, { ...given, ...ctx.params }, visitor.viewer)
      ctx.set('Cache-Control', 'no-store')
      ctx.body = answer
    })
  }
  return router
}

/** Admit the visitor of a request by its X-Auth-Token. Throws as `AdmitVisitor`. */
async function admitVisitor(
  ctx: Pick<Context, 'req'> & { state: OpsState },
  admit: AdmitVisitor,
): Promise<OpsVisitor> {
  const visitor = await admit(tokenIn(ctx.req, 'x-auth-token'))
  ctx.state.visitor = visitor
  return visitor
}

const MOST_BODY_BYTES = 256 * 1024
const BODY_IDLE_MS = 10_000

/** The parameters in a JSON body. @throws BAD_REQUEST, BODY_TOO_LARGE, REQUEST_TIMEOUT */
async function readParameters({ req, res }: Pick<Context, 'req' | 'res'>) {
  if ((announcedLength(req) ?? 0) > MOST_BODY_BYTES) {
    throw new MixmatchError('BODY_TOO_LARGE', `Expected at most ${MOST_BODY_BYTES} bytes of JSON.`)
  }
  const body = await readBody(req, res, { limit: MOST_BODY_BYTES, idleMs: BODY_IDLE_MS })
  const parameters = parseJson(body.toString())
  if (isJsonObject(parameters)) return parameters
  throw new MixmatchError('BAD_REQUEST', 'Expected an object of JSON as the request body.')
}

/** Log each request of the API and of the console, with who made it and whether others' data was shown. */
export function logVisits(logger: Logger): Middleware<OpsState> {
  const access = logger.child({ access: true, port: 'ops' })
  return async (ctx, next) => {
    const startedAt = performance.now()
    ctx.state.requestId = `req-${randomUUID()}`
    ctx.state.visitor = null
    ctx.state.fault = null
    ctx.set('X-Openstack-Request-Id', ctx.state.requestId)
    ctx.res.once('close', () => {
      const { requestId, visitor, fault } = ctx.state
      access.info(
        {
          request_id: requestId,
          client: ctx.req.socket.remoteAddress ?? null,
          user_agent: redactedExcerpt(ctx.get('User-Agent'), 256) || null,
          method: ctx.method,
          path: redactPath(ctx.req.url ?? ''),
          status: ctx.status,
          ms: Math.round((performance.now() - startedAt) * 10) / 10,
          user: visitor?.userId ?? null,
          project: visitor?.project ?? null,
          role: visitor?.role ?? null,
          sees: visitor === null ? null : visitor.viewer === 'all' ? 'all projects' : 'own project',
          fault,
        },
        'request',
      )
    })
    await next()
  }
}

/** Turn an error into JSON with a message. Details of an unforeseen error are only in the log. */
export function respondToOpsErrors(logger: Logger): Middleware<OpsState> {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const isKnown = error instanceof MixmatchError
      ctx.state.fault = isKnown ? error.code : 'UNFORESEEN'
      logFault(error, ctx.state.requestId, logger)
      const status = isKnown ? error.status : 500
      const message = isKnown
        ? error.message
        : 'Mixmatch failed. Its log has the details under this request id.'
      ctx.status = status
      if (status === 401) ctx.set('WWW-Authenticate', 'X-Auth-Token')
      if (status === 503) ctx.set('Retry-After', '5')
      ctx.body = { error: { code: status, title: STATUS_CODES[status], message } }
    }
  }
}
