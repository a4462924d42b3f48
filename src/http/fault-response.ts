import { STATUS_CODES } from 'node:http'
import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import { challenge } from '../upstream/headers.js'

/** An error as an HTTP response. */
interface FaultResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** When clients should retry if something is down or overloaded. */
const RETRY_AFTER_SECONDS = 5

/**
 * Give an error the form in which clients of the requested service expect it. The message is under the
 * name of the fault for Cinder, under `NeutronError` for Neutron, under `error` for Keystone and
 * Glance. Glance itself responds with HTML; its clients show the message of this JSON unchanged. The
 * details of an unforeseen error are only in the log.
 */
export function toFaultResponse(
  error: unknown,
  path: string,
  authenticateUri: string,
): FaultResponse {
  const { status, message } =
    error instanceof MixmatchError
      ? error
      : { status: 500, message: 'The proxy failed. Its log has the details under this request id.' }
  const headers = {
    ...(status === 401 ? { 'WWW-Authenticate': challenge(authenticateUri) } : {}),
    ...(status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}),
    // The proxy does not read the rest of a body that was too slow.
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

/** Log what the operator should see: unforeseen errors, and clouds that fail. */
export function logFault(error: unknown, requestId: string, logger: Logger): void {
  if (!(error instanceof MixmatchError)) {
    logger.error({ request_id: requestId, err: error }, 'unforeseen error')
  } else if (error.status >= 500) {
    logger.warn({ request_id: requestId, code: error.code }, error.message)
  }
}

/** @param service undefined for a response in the form of keystonemiddleware, which every service uses */
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

/** The names in `cinder.api.openstack.wsgi.Fault`; any other status is a computeFault. */
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
