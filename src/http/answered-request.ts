import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnsweredRequest } from '../metrics/proxy-metrics.js'
import { bytesSentOf } from './access-log.js'
import { METHODS } from './proxy-routes.js'
import type { RequestTrace } from './request-trace.js'

/** nginx's status for a client that closed the connection before the response. */
const CLIENT_GONE = 499
const SERVICE = /^\/(image|volume|network)(?:[/?]|$)/

/** Describe a finished request for the metrics; `now` is of the same clock as `startedAt`. */
export function describeAnswered(
  req: IncomingMessage,
  res: ServerResponse,
  trace: RequestTrace,
  now: number,
): AnsweredRequest {
  const { decision, serviceProvider, startedAt, fault, firstByteMs, outcome, offload } = trace
  const { method = '' } = req
  const [, service] = SERVICE.exec(req.url ?? '') ?? []
  return {
    service: service ?? 'other',
    cloud: serviceProvider ?? 'none',
    method: METHODS.includes(method) ? method : 'other',
    status: res.destroyed && !res.headersSent ? CLIENT_GONE : res.statusCode,
    reason: decision?.because ?? 'none',
    seconds: (now - startedAt) / 1000,
    firstByteSeconds: firstByteMs === null ? null : firstByteMs / 1000,
    bytesReceived: outcome?.bytesReceived ?? 0,
    bytesSent: bytesSentOf(res, outcome),
    fault,
    offload,
  }
}
