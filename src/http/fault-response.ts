import { STATUS_CODES } from 'node:http'
import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import { challenge } from '../upstream/headers.js'

/** A fault as an HTTP answer. */
export interface FaultResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** After how many seconds what is down or full is worth another try. */
const RETRY_AFTER_SECONDS = 5

/**
 * Give an error the shape in which clients of the service that was asked look for its message: under
 * the name of the fault for Cinder's, under `NeutronError` for Neutron's, under `error` for Keystone's and Glance's. Glance itself answers
 * in HTML, which is for browsers; what its clients find in JSON they show word for word. Of what nobody
 * foresaw the client learns only that it happened; the log has the rest.
 */
export function toFaultResponse(
  error: unknown,
  path: string,
  authenticateUri: string,
): FaultResponse {
  const { status, message } =
    error instanceof MixmatchError
      ? error
      : { status: 500, message: 'The proxy failed. Its log says more under this request id.' }
  const headers = {
    ...(status === 401 ? { 'WWW-Authenticate': challenge(authenticateUri) } : {}),
    ...(status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}),
    // The rest of a body that was too slow or too long is not waited for.
    ...(status === 408 ? { Connection: 'close' } : {}),
  }
  const [, service] = path.split(/[/?]/)
  const body = bodyOf(status === 401 ? undefined : service, error, { status, message })
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }
}

/** Tell the log of what the operator should see: what we did not foresee, and clouds that fail. */
export function logFault(error: unknown, requestId: string, logger: Logger): void {
  if (!(error instanceof MixmatchError)) {
    logger.error({ request_id: requestId, err: error }, 'an error that nobody foresaw')
  } else if (error.status >= 500) {
    logger.warn({ request_id: requestId, code: error.code }, error.message)
  }
}

/** @param service undefined for the answer of keystonemiddleware, which stands before every service */
function bodyOf(
  service: string | undefined,
  error: unknown,
  { status, message }: { status: number; message: string },
): object {
  if (service === 'volume') return cinderBody(status, message)
  if (service !== 'network') return keystoneBody(status, message)
  const type = error instanceof MixmatchError ? error.code : 'UNFORESEEN'
  return { NeutronError: { type, message, detail: '' } }
}

function keystoneBody(status: number, message: string) {
  return { error: { code: status, title: STATUS_CODES[status], message } }
}

/** As `cinder.api.openstack.wsgi.Fault` names them; what is not here is a computeFault. */
const cinderNames: Readonly<Record<number, string>> = {
  400: 'badRequest',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  503: 'serviceUnavailable',
}

function cinderBody(status: number, message: string) {
  return { [cinderNames[status] ?? 'computeFault']: { code: status, message } }
}
