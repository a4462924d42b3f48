import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FaultCode, MixmatchError } from '../errors.js'
import type { Caller } from '../identity/identity.js'
import type { Decision } from '../routing/decision.js'
import type { Outcome } from '../upstream/forward-request.js'
import { isRequestId } from '../upstream/headers.js'
import type { RequestProgress } from '../upstream/proxied-request.js'

/** What the access log says about a request. It is filled in while the request is handled. */
export interface RequestTrace extends RequestProgress {
  /** `req-<uuid>`, made by this proxy. */
  readonly requestId: string
  /** The id that came with the request, else `requestId`. Every service logs it. */
  readonly globalRequestId: string
  /** The id of the trace in a valid `traceparent` (W3C Trace Context), 32 hex digits; else null. */
  readonly traceId: string | null
  /** Milliseconds of a clock that never goes back. */
  readonly startedAt: number
  /** The address of the client, through trusted proxies. */
  readonly client: string
  caller: Caller | null
  decision: Decision | null
  outcome: Outcome | null
  /** The code of the proxy's own error response; null if it forwarded a response. */
  fault: FaultCode | 'UNFORESEEN' | null
}

/** What the layers of the app share about one request. */
export interface RequestState {
  trace: RequestTrace
  /** Why the request is malformed; null if it is not. */
  malformed: MixmatchError | null
}

/** @param now milliseconds of a clock that never goes back */
export function startTrace(req: IncomingMessage, client: string, now: number): RequestTrace {
  const requestId = `req-${randomUUID()}`
  const received = req.headers['x-openstack-request-id']
  const global = typeof received === 'string' ? received : undefined
  return {
    requestId,
    globalRequestId: isRequestId(global) ? global : requestId,
    traceId: traceIdIn(req),
    startedAt: now,
    client,
    caller: null,
    decision: null,
    serviceProvider: null,
    outcome: null,
    firstByteMs: null,
    observed: null,
    offload: null,
    fault: null,
  }
}

/** Version, trace id, id of the caller's span, flags. A later version may have more fields. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/

/** The header itself is forwarded unchanged: the proxy makes no span of its own. */
function traceIdIn({ headers }: IncomingMessage): string | null {
  const { traceparent } = headers
  return typeof traceparent === 'string' ? (TRACEPARENT.exec(traceparent)?.[1] ?? null) : null
}
