import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { AnsweredRequest } from '../metrics/proxy-metrics.js'
import { accessFields } from './access-log.js'
import { describeAnswered } from './answered-request.js'
import { logFault, toFaultResponse } from './fault-response.js'
import { closeLingering } from './lingering-close.js'
import { type RequestState, type RequestTrace, startTrace } from './request-trace.js'

export interface ServeOptions {
  /** The Keystone that clients log in to. */
  readonly authenticateUri: string
  /** Requests that run at the same time; null for no limit. */
  readonly maxRequests: number | null
  /** The address of the client, through trusted proxies. */
  readonly clientAddress: (req: IncomingMessage) => string
  /** Called when a request arrives; `onAnswered` follows when it has ended. */
  readonly onArrival?: () => void
  /** Called with every request when it has ended. */
  readonly onAnswered?: (request: AnsweredRequest) => void
  /** Writes a line of the access log. */
  readonly logRequest: (fields: object) => void
  readonly logger: Logger
}

interface ArrivedRequest {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Why the request is malformed; null if it is not. */
  readonly malformed: MixmatchError | null
}

/**
 * Serves a request from its arrival to its line in the access log. An error of `respond` becomes a response
 * that clients of the requested service understand.
 */
type Serve = (
  arrived: ArrivedRequest,
  respond: (trace: RequestTrace) => Promise<void>,
) => Promise<void>

/** The layer of Koa that serves a request with the layers below it. */
export function serveLayer(serve: Serve): Middleware<RequestState> {
  return ({ req, res, state }, next) =>
    serve({ req, res, malformed: state.malformed }, trace => {
      state.trace = trace
      return next()
    })
}

export function createServe(options: ServeOptions): Serve {
  const { clientAddress, maxRequests, authenticateUri, logRequest, logger } = options
  const { onArrival = () => {}, onAnswered = () => {} } = options
  let running = 0

  /** Requests above the limit are rejected before they cost anything. */
  function rejectAboveLimit(): void {
    if (maxRequests === null || running < maxRequests) return
    const message = `The proxy already handles ${running} requests, and takes no more (max_requests).`
    throw new MixmatchError('OVERLOADED', message)
  }

  function respondWithError(
    error: unknown,
    req: IncomingMessage,
    res: ServerResponse,
    trace: RequestTrace,
  ): void {
    const { requestId } = trace
    trace.fault = error instanceof MixmatchError ? error.code : 'UNFORESEEN'
    logFault(error, requestId, logger)
    if (res.headersSent) {
      res.destroy() // half a response must not look complete
      return
    }
    const { status, headers, body } = toFaultResponse(error, req.url ?? '', authenticateUri)
    res.statusCode = status
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    res.setHeader('X-Openstack-Request-Id', requestId)
    res.setHeader('Content-Length', Buffer.byteLength(body))
    res.end(body)
  }

  return async ({ req, res, malformed }, respond) => {
    const trace = startTrace(req, clientAddress(req), performance.now())
    closeLingering(req, res)
    onArrival()
    try {
      if (malformed) {
        // Node first parses what came with it, so that the connection ends before those requests run.
        await null
        throw malformed
      }
      rejectAboveLimit()
      running += 1
      try {
        await respond(trace)
      } finally {
        running -= 1
      }
    } catch (error) {
      respondWithError(error, req, res, trace)
    }
    const now = performance.now()
    logRequest(accessFields(req, res, trace, now))
    onAnswered(describeAnswered(req, res, trace, now))
  }
}
