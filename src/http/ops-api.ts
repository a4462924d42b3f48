import type { Context } from 'koa'
import Router from 'koa-router'
import type { Logger } from 'pino'
import type * as z from 'zod'
import type { cloudsShape } from '../api/cloud-status.js'
import { apiRoutes } from '../api/routes.js'
import { MixmatchError } from '../errors.js'
import { isJsonObject, parseJson } from '../json.js'
import { type EventStreamParts, serveEventStream } from './ops-event-stream.js'
import { admitVisitor, type OpsState } from './ops-request.js'
import { announcedLength, readBody } from './request-body.js'

export interface OpsApiParts extends Omit<EventStreamParts, 'logger'> {
  /** The state of the clouds at this moment. */
  readonly clouds: () => Promise<z.output<typeof cloudsShape>>
}

/** The read API: each route runs a query for the visitor, and answers with JSON. */
export function createApiRouter(parts: OpsApiParts, logger: Logger): Router<OpsState> {
  const { queryRunner, admit, clouds } = parts
  const router = new Router<OpsState>()
  router.get('/v1/events/stream', serveEventStream({ ...parts, logger }))
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
  router.get('/v1/clouds', async ctx => {
    const { viewer } = await admitVisitor(ctx, admit)
    const state = await clouds()
    ctx.set('Cache-Control', 'no-store')
    // As in `/v1/conflicts`, the count is that of all projects.
    ctx.body = viewer === 'all' ? state : { ...state, conflicts: null }
  })
  // It says nothing about users and resources.
  router.get('/openapi.json', async ctx => {
    ctx.body = await queryRunner.ask('openApi', {}, [])
  })
  return router
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
