import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FaultCode, MixmatchError } from '../errors.js'
import type { Caller } from '../identity/identity.js'
import type { SpName } from '../ids.js'
import type { Decision } from '../routing/decision.js'
import type { Outcome } from '../upstream/forward.js'
import { isRequestId } from '../upstream/headers.js'

/** What becomes known of a request on its way, for the access log: filled in step by step. */
export interface RequestTrace {
  /** `req-<uuid>`, of this proxy's own making. */
  readonly requestId: string
  /** The one that came with the request, by which all services know it; else our own. */
  readonly globalRequestId: string
  readonly startedAt: number
  /** The address of the client, through trusted proxies. */
  readonly client: string
  caller: Caller | null
  decision: Decision | null
  serviceProvider: SpName | null
  outcome: Outcome | null
  /** Milliseconds from the request to the cloud to the first byte of its answer. */
  firstByteMs: number | null
  /**
   * What became of what the answer taught: in the log before the client got the answer, or on its way
   * there, so that another worker may not know it yet. null where it taught nothing.
   */
  observed: 'recorded' | 'pending' | null
  /** Why the proxy answered by itself; null where it passed an answer on. */
  fault: FaultCode | 'UNFORESEEN' | null
}

/** What the layers of the app share of one request. */
export interface RequestState {
  trace: RequestTrace
  /** What is wrong with the head of the request; null where nothing is. */
  malformed: MixmatchError | null
}

/** `now` in milliseconds of a clock that never goes back. */
export function startTrace(req: IncomingMessage, client: string, now: number): RequestTrace {
  const requestId = `req-${randomUUID()}`
  const received = req.headers['x-openstack-request-id']
  const told = typeof received === 'string' ? received : undefined
  return {
    requestId,
    globalRequestId: isRequestId(told) ? told : requestId,
    startedAt: now,
    client,
    caller: null,
    decision: null,
    serviceProvider: null,
    outcome: null,
    firstByteMs: null,
    observed: null,
    fault: null,
  }
}
