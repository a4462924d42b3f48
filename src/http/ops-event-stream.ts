import { once } from 'node:events'
import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import { followEvents } from '../api/follow-events.js'
import type { QueryRunner } from '../api/query-runner.js'
import type { AdmitVisitor } from '../api/visitor.js'
import { MixmatchError } from '../errors.js'
import { logFault } from './fault-response.js'
import { admitVisitor, type OpsState } from './ops-request.js'

export interface EventStreamParts {
  readonly queryRunner: Pick<QueryRunner, 'ask'>
  readonly admit: AdmitVisitor
  readonly logFile: () => string
  readonly logger: Logger
}

const MOST_STREAMS = 50
/** The token is validated again so often: it can be revoked. */
const ADMIT_MS = 60_000

/**
 * Follow new events as server-sent events: `id` is the position, `event` is `event`, `data` the event as
 * JSON. After an interruption a client goes on with the header Last-Event-ID.
 */
export function serveEventStream(parts: EventStreamParts): Middleware<OpsState> {
  const { queryRunner, admit, logFile, logger } = parts
  let streams = 0
  return async ctx => {
    const { viewer } = await admitVisitor(ctx, admit)
    if (streams >= MOST_STREAMS) {
      throw new MixmatchError('OVERLOADED', `${streams} streams are open already. Try again later.`)
    }
    const { cursor, ...filters } = ctx.query
    const after = ctx.get('Last-Event-ID') || cursor
    const closed = new AbortController()
    const { res } = ctx
    res.once('close', () => closed.abort())
    const pages = followEvents({
      queryRunner,
      logFile: logFile(),
      filters,
      after: typeof after === 'string' ? after : after?.join(','),
      viewer,
      signal: closed.signal,
    })
    streams += 1
    try {
      let page = await pages.next() // an error of the parameters is still a response of its own
      ctx.respond = false
      res.writeHead(200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no', // of nginx
      })
      let admittedAt = performance.now()
      for (; !page.done && !closed.signal.aborted; page = await pages.next()) {
        const text = page.value.events.map(
          event => `id: ${event.position}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`,
        )
        // A comment keeps the connection open, and shows when it broke.
        const isSent = res.write(text.join('') || ': no news\n\n')
        if (!isSent) await once(res, 'drain', { signal: closed.signal }).catch(() => undefined)
        if (performance.now() - admittedAt >= ADMIT_MS) {
          await admitVisitor(ctx, admit)
          admittedAt = performance.now()
        }
      }
    } catch (error) {
      if (!res.headersSent) throw error
      logFault(error, ctx.state.requestId, logger)
    } finally {
      streams -= 1
      if (res.headersSent) res.end()
    }
  }
}
