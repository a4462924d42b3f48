import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ConnectionPool } from '../http-client/connection-pool.js'
import type { RawHeaders } from '../http-client/raw-headers.js'
import type { ResponsePlan } from './client-response.js'
import type { Timeouts } from './failure.js'

/** One request to one cloud, and the client to which the response goes. */
export interface ForwardRequest {
  readonly pool: ConnectionPool
  readonly method: string
  /** From the root of the origin, including the query. */
  readonly path: string
  readonly headers: RawHeaders
  /** `stream`: as the client sends it. Buffer: it was already read. null: there is none. */
  readonly body: 'stream' | Buffer | null
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** How the client gets the response; null drops it, so that the request can be sent again. */
  readonly planResponse: (status: number, headers: RawHeaders) => ResponsePlan | null
  readonly timeouts: Timeouts
  /** Names the request in errors, which users see: `sp1: GET /v2/images`. */
  readonly what: () => string
}

/** How an exchange ended. */
export interface Outcome {
  /** null if the client left before the response began. */
  readonly status: number | null
  /** As the cloud sent them. */
  readonly headers: RawHeaders
  /** Bytes of the response body sent to the client, and of the request body received from it. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Which side aborted the exchange, so that the client has only a part of the response. */
  readonly aborted: 'client' | 'upstream' | null
}
