import type { IncomingMessage, ServerResponse } from 'node:http'
import { headerValue } from '../http-client/raw-headers.js'
import { memoize } from '../memoize.js'
import { redactedExcerpt, redactPath } from '../redaction.js'
import type { RequestTrace } from './request-trace.js'

/** The fields of a request in the access log; `now` is of the same clock as `startedAt`. */
export function accessFields(
  req: IncomingMessage,
  res: ServerResponse,
  trace: RequestTrace,
  now: number,
): object {
  const { requestId, globalRequestId, startedAt, client, caller, decision, outcome } = trace
  const { serviceProvider, firstByteMs, traceId } = trace
  const cutShort = res.destroyed && !res.writableEnded ? 'client' : null
  return {
    request_id: requestId,
    global_request_id: globalRequestId,
    trace_id: traceId,
    client,
    user_agent: userAgentOf(req),
    method: req.method,
    path: redactPath(req.url ?? ''),
    status: res.headersSent || !cutShort ? res.statusCode : null,
    bytes_in: outcome?.bytesReceived ?? 0,
    bytes_out: bytesSentOf(res, outcome),
    ms: rounded(now - startedAt),
    upstream_first_byte_ms: firstByteMs === null ? null : rounded(firstByteMs),
    decision: decision?.kind ?? null,
    reason: decision?.because ?? null,
    service_provider: serviceProvider,
    project: caller?.project?.id ?? null,
    user: caller?.userId ?? null,
    missing: shownHeader(outcome, 'mm-partial'),
    upstream_status: outcome?.status ?? null,
    upstream_request_id: shownHeader(outcome, 'x-openstack-request-id'),
    rests_on: decision?.kind === 'one' ? decision.restsOn : null,
    observed: trace.observed,
    offload: trace.offload,
    aborted: outcome?.aborted ?? cutShort,
  }
}

/** The bytes of the response body: of an error response of the proxy, what it announces. */
export function bytesSentOf(res: ServerResponse, outcome: RequestTrace['outcome']): number {
  return outcome?.bytesSent ?? Number(res.getHeader('Content-Length') ?? 0)
}

/** A header of the response. A cloud can write anything there, also the token that it got. */
function shownHeader(outcome: RequestTrace['outcome'], name: string): string | null {
  const value = outcome && headerValue(outcome.headers, name)
  return value ? redactedExcerpt(value, MAX_SHOWN) : null
}

/** Longer than the user agent of any real client, and than any request id. */
const MAX_SHOWN = 256

const shownAgent = memoize(agent => redactedExcerpt(agent, MAX_SHOWN))

function userAgentOf({ headers }: IncomingMessage): string | null {
  const agent = headers['user-agent']
  return agent === undefined ? null : shownAgent(agent)
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
