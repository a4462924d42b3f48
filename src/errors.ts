/**
 * The expected errors. All other errors are passed on unchanged.
 *
 * `status` is the HTTP status of the proxy's response, which `http/fault-response.ts` formats for the
 * requested service. `exit` is the exit code of a command: 1 if it failed or found something, 2 for misuse.
 */
export const faults = {
  USAGE: { status: 400, exit: 2 },
  CONFIG_INVALID: { status: 500, exit: 2 },
  CONFIG_NOT_FOUND: { status: 500, exit: 2 },

  RECORDER_GONE: { status: 500, exit: 1 },
  CANNOT_LISTEN: { status: 500, exit: 1 },
  BUS_UNREACHABLE: { status: 500, exit: 1 },

  FILE_NOT_READABLE: { status: 500, exit: 1 },
  FILE_NOT_WRITABLE: { status: 500, exit: 1 },
  LOG_HELD: { status: 500, exit: 1 },
  LOG_LOST: { status: 500, exit: 1 },
  LOG_NOT_FOUND: { status: 500, exit: 1 },
  LOG_NOT_A_LOG: { status: 500, exit: 1 },
  LOG_FROM_THE_FUTURE: { status: 500, exit: 1 },
  LOG_BROKEN: { status: 500, exit: 1 },
  LOG_DIVERGED: { status: 500, exit: 1 },
  STREAM_GAP: { status: 500, exit: 1 },
  STREAM_KEY: { status: 500, exit: 1 },
  STREAM_NEWER: { status: 500, exit: 1 },
  VIEWS_LOST: { status: 500, exit: 1 },
  IMPORT_REFUSED: { status: 500, exit: 1 },
  ANCHOR_FAILED: { status: 500, exit: 1 },
  INTERRUPTED: { status: 500, exit: 1 },
  NOT_LOCATED: { status: 404, exit: 1 },

  BAD_REQUEST: { status: 400, exit: 1 },
  NON_CANONICAL_PATH: { status: 400, exit: 1 },
  UNKNOWN_SERVICE_PROVIDER: { status: 400, exit: 1 },
  PROXY_LOOP: { status: 508, exit: 1 },
  NOT_AUTHENTICATED: { status: 401, exit: 1 },
  FORBIDDEN: { status: 403, exit: 1 },
  NO_PROJECT_AT_SERVICE_PROVIDER: { status: 403, exit: 1 },
  NOT_FOUND: { status: 404, exit: 1 },
  PROJECT_AMBIGUOUS: { status: 409, exit: 1 },
  CONFLICTING_REFERENCES: { status: 409, exit: 1 },
  NETWORK_CONFLICT: { status: 409, exit: 1 },
  METHOD_NOT_ALLOWED: { status: 405, exit: 1 },
  REQUEST_TIMEOUT: { status: 408, exit: 1 },
  BODY_TOO_LARGE: { status: 413, exit: 1 },
  NETWORK_NOT_EXTENDABLE: { status: 422, exit: 1 },
  HEADERS_TOO_LARGE: { status: 431, exit: 1 },
  FEDERATION_FAILED: { status: 502, exit: 1 },
  SERVICE_PROVIDER_BROKE_OFF: { status: 502, exit: 1 },
  UNEXPECTED_ANSWER: { status: 502, exit: 1 },
  NEUTRON_UNAVAILABLE: { status: 503, exit: 1 },
  IDENTITY_UNAVAILABLE: { status: 503, exit: 1 },
  SERVICE_PROVIDER_UNREACHABLE: { status: 503, exit: 1 },
  VIEWS_UNAVAILABLE: { status: 503, exit: 1 },
  OVERLOADED: { status: 503, exit: 1 },
  QUERY_ABORTED: { status: 503, exit: 1 },
  SERVICE_PROVIDER_TIMEOUT: { status: 504, exit: 1 },
} as const

export type FaultCode = keyof typeof faults

/** Callers and tests switch on `code`, never on the message. The message is safe to show: no secrets. */
export class MixmatchError extends Error {
  override readonly name = 'MixmatchError'
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get status(): number {
    return faults[this.code].status
  }

  get exit(): number {
    return faults[this.code].exit
  }
}
