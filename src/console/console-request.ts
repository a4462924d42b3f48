import type { OpsVisitor } from '../api/visitor.js'

/** A request to the console, independent of the HTTP server. */
export interface ConsoleRequest {
  readonly method: string
  /** Without the query: `/console/events`. */
  readonly path: string
  readonly query: URLSearchParams
  /** By its lower-case name; an empty text if the request has none. */
  readonly header: (name: string) => string
  /** Whether the client uses HTTPS, also through a front proxy. */
  readonly isSecure: boolean
  /** Read the body of a form; null if it is longer than a form may be. */
  readonly form: () => Promise<URLSearchParams | null>
  /** Aborted when the response has ended, or the client has gone. */
  readonly signal: AbortSignal
}

/** A response of the console. */
export interface ConsoleResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text, bytes, or a stream of texts that ends when the client goes. */
  readonly body: string | Buffer | AsyncIterable<string>
  /** Who sent the request, for the access log. */
  readonly visitor?: OpsVisitor
  /** Why the request was refused or failed, for the access log. */
  readonly fault?: Fault
}

export interface Fault {
  /** As of the read API: `FORBIDDEN`. */
  readonly code: string
  readonly message: string
}
