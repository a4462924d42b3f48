/** What can go wrong between us and a server, besides what the operating system says of its sockets. */
type ClientErrorCode =
  | 'CONNECT_TIMEOUT'
  /** The request was sent, and no final response began in time. */
  | 'HEADERS_TIMEOUT'
  /** The response began, and nothing more came in time. */
  | 'BODY_TIMEOUT'
  /** The connection ended before the response was complete. */
  | 'CONNECTION_CLOSED'
  /** The same by a reset, which the operating system reports except on Node 22. */
  | 'ECONNRESET'
  /** The server sent something that is no HTTP/1.1 response, or that could be read in two ways. */
  | 'MALFORMED_RESPONSE'
  /** The request has something that cannot be sent. */
  | 'INVALID_REQUEST'
  | 'RESPONSE_TOO_LARGE'
  | 'POOL_CLOSED'

/** Callers switch on `code`. The message says what was found; it holds no secret and no raw bytes. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** `ECONNREFUSED`, `HEADERS_TIMEOUT`, `CERT_HAS_EXPIRED`; the name of an error that has no code. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

const broken = new Set(['CONNECTION_CLOSED', 'ECONNRESET', 'EPIPE'])

/** Whether a connection broke before the response was complete. */
export function isBrokenConnection(error: unknown): boolean {
  return broken.has(codeOf(error))
}
