/** Errors of an exchange with a server, besides the socket errors of the operating system. */
type ClientErrorCode =
  | 'CONNECT_TIMEOUT'
  /** The request was sent, but no final response began in time. */
  | 'HEADERS_TIMEOUT'
  /** The response began, but then nothing more came in time. */
  | 'BODY_TIMEOUT'
  /** The connection ended before the response was complete. */
  | 'CONNECTION_CLOSED'
  /** The same because of a reset. Elsewhere the operating system reports it, but not on Node 22. */
  | 'ECONNRESET'
  /** The server sent no valid HTTP/1.1 response, or one that two parsers could read differently. */
  | 'MALFORMED_RESPONSE'
  /** The request contains something that cannot be sent. */
  | 'INVALID_REQUEST'
  | 'RESPONSE_TOO_LARGE'
  | 'POOL_CLOSED'

/** Callers switch on `code`. The message says what was found; it contains no secrets and no raw bytes. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The code of an error, such as `ECONNREFUSED` or `HEADERS_TIMEOUT`, or the name of an error without one. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

const broken = new Set(['CONNECTION_CLOSED', 'ECONNRESET', 'EPIPE'])

/** Whether a connection broke before the response was complete. */
export function isBrokenConnection(error: unknown): boolean {
  return broken.has(codeOf(error))
}
