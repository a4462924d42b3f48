import { createServer, type Server } from 'node:http'
import Koa, { type Middleware } from 'koa'
import Router from 'koa-router'
import type { Logger } from 'pino'
import type { Console } from '../console/console.js'
import { MixmatchError } from '../errors.js'
import { reportFleet } from '../fleet/fleet-report.js'
import type { FleetStatus } from '../fleet/fleet-status.js'
import { consoleRoutes } from './console-routes.js'
import { type Health, healthcheck } from './healthcheck.js'
import { listenOnSocket } from './listen-on-socket.js'
import { createApiRouter, type OpsApiParts } from './ops-api.js'
import {
  admitVisitor,
  logVisits,
  type OpsState,
  rejectForeignHost,
  respondToOpsErrors,
} from './ops-request.js'
import { createRequestCheck } from './request-check.js'
import { startListening } from './start-listening.js'

/** What the port for operators shows. */
export interface OpsParts {
  /** Whether this process should get requests. */
  readonly health: () => Health
  readonly readiness: () => Promise<Readiness>
  readonly metrics: () => Promise<string>
  readonly metricsType: string
  /** The read API, and who may use the port; without it there is no API, and everybody may. */
  readonly api?: OpsApiParts & {
    /** Whether the API needs no token. */
    readonly isOpen: () => boolean
    /** Whether health and metrics need a token, too. */
    readonly isHealthClosed: () => boolean
  }
  /** The pages of the console; without it there are none. */
  readonly console?: Console
  readonly logger: Logger
}

interface Readiness {
  /** What the process lacks to do its work, and which part lacks it. Empty if the process is ready. */
  readonly missing: readonly { readonly part: string; readonly reason: string }[]
  /** What does not work at the moment but does not make the process unready. */
  readonly degraded: readonly { readonly part: string; readonly reason: string }[]
  /** How far this node of a fleet is. */
  readonly fleet?: FleetStatus
}

/**
 * The port for operators: `/healthcheck` as on the public port, `/ready`, `/metrics` for Prometheus,
 * and the read API below `/v1`.
 */
export function createOpsApp(parts: OpsParts): Koa<OpsState> {
  const { health, readiness, metrics, metricsType, api, console, logger } = parts
  const router = new Router()
  router.get('/ready', async ctx => {
    const { healthy, reasons } = health()
    const against = healthy ? [] : reasons.map(reason => ({ part: 'process', reason }))
    const { missing, degraded, fleet } = await readiness()
    const allMissing = [...against, ...missing]
    const ready = allMissing.length === 0
    ctx.status = ready ? 200 : 503
    ctx.set('Cache-Control', 'no-store')
    const report = { ready, missing: allMissing, degraded }
    ctx.body = fleet ? { ...report, fleet: reportFleet(fleet) } : report
  })
  router.get('/metrics', async ctx => {
    ctx.type = metricsType
    ctx.body = await metrics()
  })

  const app = new Koa<OpsState>()
  app.on('error', error => logger.error({ err: error }, 'the port for operators failed'))
  app.use(wellFormed()).use(logVisits(logger, isProbe)).use(respondToOpsErrors(logger))
  app.use(async (ctx, next) => {
    if (api?.isHealthClosed() && isProbe(ctx.path)) await admitVisitor(ctx, api.admit)
    return next()
  })
  app.use(healthcheck(health)).use(router.routes()).use(router.allowedMethods())
  if (api === undefined) return app
  const apiRouter = createApiRouter(api, logger)
  app.use(rejectForeignHost(api.isOpen))
  if (console) app.use(consoleRoutes(console))
  app.use(rejectUnknownPath)
  app.use(apiRouter.routes()).use(apiRouter.allowedMethods())
  return app
}

/** @throws NOT_FOUND for a path of the read API that does not exist; METHOD_NOT_ALLOWED */
const rejectUnknownPath: Middleware<OpsState> = async (ctx, next) => {
  await next()
  if (!ctx.path.startsWith('/v1/')) return
  if (ctx.status === 405) {
    throw new MixmatchError(
      'METHOD_NOT_ALLOWED',
      `This path allows only ${ctx.response.get('Allow')}.`,
    )
  }
  if (ctx.status !== 404) return
  throw new MixmatchError(
    'NOT_FOUND',
    'No query has this path. GET /openapi.json describes all of them.',
  )
}

const PROBES: ReadonlySet<string> = new Set(['/healthcheck', '/ready', '/metrics'])

function isProbe(path: string): boolean {
  return PROBES.has(path)
}

/** Check and normalise requests as on the public port. */
function wellFormed(): Middleware {
  const errorOf = createRequestCheck()
  return async (ctx, next) => {
    const error = errorOf(ctx.req, ctx.res)
    if (error === null) return next()
    ctx.status = error.status
    ctx.body = error.message
  }
}

/** The open port for operators. */
interface OpsServer extends AsyncDisposable {
  readonly port: number
}

/** Where to listen: on a Unix socket if there is one. */
interface OpsAddress {
  readonly host: string
  readonly port: number
  readonly socket?: string | null
}

/** Longer than the interval of most monitors, which keep their connection from one request to the next. */
const KEEP_ALIVE_MS = 75_000

/**
 * Open the port for operators. Without it nobody would notice a problem, so a process that cannot open it
 * does not start.
 *
 * @throws CANNOT_LISTEN
 */
export async function openOps(
  app: Pick<Koa<OpsState>, 'callback'>,
  { host, port, socket = null }: OpsAddress,
  logger: Logger,
): Promise<OpsServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app.callback())
  if (socket === null) await startListening(server, { host, port }, 'ops')
  else await listenOnSocket(server, socket)
  const where = socket === null ? { host, port: portOf(server) } : { socket }
  logger.info(where, 'the port for operators is open')
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}
