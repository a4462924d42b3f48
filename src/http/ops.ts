import { createServer, type Server } from 'node:http'
import Koa, { type Middleware } from 'koa'
import Router from 'koa-router'
import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import { type Health, healthcheck } from './healthcheck.js'
import { createRequestCheck } from './request-check.js'

/** What the port for operators shows. */
export interface OpsParts {
  /** Whether this process should get requests. */
  readonly health: () => Health
  readonly readiness: () => Promise<Readiness>
  readonly metrics: () => Promise<string>
  readonly metricsType: string
  readonly logger: Logger
}

interface Readiness {
  /** What the process lacks to do its work, and which part lacks it. Empty if the process is ready. */
  readonly missing: readonly { readonly part: string; readonly reason: string }[]
  /** What does not work at the moment but does not make the process unready. */
  readonly degraded: readonly { readonly part: string; readonly reason: string }[]
}

/**
 * The port for operators: `/healthcheck` as on the public port, `/ready`, and `/metrics` for
 * Prometheus. It shows nothing about users and their resources, and needs no token.
 */
export function createOpsApp({ health, readiness, metrics, metricsType, logger }: OpsParts): Koa {
  const router = new Router()
  router.get('/ready', async ctx => {
    const { healthy, reasons } = health()
    const against = healthy ? [] : reasons.map(reason => ({ part: 'process', reason }))
    const { missing, degraded } = await readiness()
    const lacks = [...against, ...missing]
    ctx.status = lacks.length === 0 ? 200 : 503
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { ready: lacks.length === 0, missing: lacks, degraded }
  })
  router.get('/metrics', async ctx => {
    ctx.type = metricsType
    ctx.body = await metrics()
  })

  const app = new Koa()
  app.on('error', error => logger.error({ err: error }, 'the port for operators failed'))
  app.use(wellFormed()).use(healthcheck(health)).use(router.routes()).use(router.allowedMethods())
  return app
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

/**
 * Open the port for operators. If it is in use, for example because `mixmatch record` and `mixmatch proxy`
 * run on one machine, this is logged and the process works without it.
 *
 * @returns null if the port is in use
 * @throws CANNOT_LISTEN for an address that this machine does not have, or a port that needs more rights
 */
export async function openOps(
  app: Koa,
  { host, port }: { host: string; port: number },
  logger: Logger,
): Promise<OpsServer | null> {
  const server = createServer(app.callback())
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve)
    })
  } catch (error) {
    if (!isTaken(error)) {
      const reason = error instanceof Error ? error.message : String(error)
      const message = `[ops] ${host}:${port}: ${reason}. Set another [ops] host and port.`
      throw new MixmatchError('CANNOT_LISTEN', message, { cause: error })
    }
    const advice =
      'the port for operators is in use, continuing without it: set another one in [ops] port'
    logger.error({ host, port }, advice)
    return null
  }
  logger.info({ host, port: portOf(server) }, 'the port for operators is open')
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

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}
