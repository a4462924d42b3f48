import { type FaultCode, MixmatchError } from '../errors.js'
import { codeOf } from '../http-client/client-error.js'
import { createOriginPools, type OriginPools, type Trust } from '../http-client/origin-pools.js'
import { headerValue, headerValues } from '../http-client/raw-headers.js'
import { readWholeResponse } from '../http-client/whole-response.js'

export interface KeystoneTimeouts {
  readonly connectTimeoutMs: number
  /** Until the last byte of the response, with the wait for a free connection. */
  readonly responseTimeoutMs: number
}

interface KeystoneRequest {
  /** The current step, for error messages: `requesting an assertion`. */
  readonly step: string
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface KeystoneResponse {
  readonly status: number
  /** Lower-case names; null if the field is absent. */
  header(name: string): string | null
  /** The values of the Set-Cookie headers, in their order. */
  readonly setCookies: readonly string[]
  readonly body: Buffer
}

/**
 * Send a request and read the whole response. Redirects are returned, not followed.
 *
 * @throws the faults that the connection was opened with, if no response came or it is 502, 503 or 504
 */
export type SendKeystoneRequest = (request: KeystoneRequest) => Promise<KeystoneResponse>

export interface KeystoneConnectionOptions extends Trust, KeystoneTimeouts {
  /** The owner of the Keystone, for error messages: `Service provider "sp1"`. */
  readonly peer: string
  readonly faults: { readonly unreachable: FaultCode; readonly timeout: FaultCode }
}

/** More connections would only make a slow Keystone slower. */
const CONNECTIONS = 16
/** A token description with a large catalog has about 100 KB. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

/**
 * Open keep-alive connections to the Keystone of one cloud.
 *
 * @throws CONFIG_INVALID if `cafile` cannot be read
 */
export function openKeystoneConnection(options: KeystoneConnectionOptions): {
  send: SendKeystoneRequest
  close(): Promise<void>
} {
  const { peer, faults, responseTimeoutMs } = options
  const pools = openPools(options)

  async function read(request: KeystoneRequest): Promise<KeystoneResponse> {
    const { method, url, headers, body = null } = request
    const { origin, pathname, search } = new URL(url)
    // Keystone closes idle connections. All requests of this module can safely be sent twice.
    const response = await readWholeResponse(pools.pool(origin), {
      method,
      path: `${pathname}${search}`,
      headers: Object.entries(headers).flat(),
      body,
      maxBytes: MAX_RESPONSE_BYTES,
      headersTimeoutMs: 0,
      idleTimeoutMs: 0,
      signal: AbortSignal.timeout(responseTimeoutMs),
    })
    return {
      status: response.status,
      header: name => headerValue(response.headers, name) ?? null,
      setCookies: headerValues(response.headers, 'set-cookie'),
      body: response.body,
    }
  }

  return {
    async send(request) {
      const what = `${peer}: ${request.step}: ${request.method} ${request.url}`
      const response = await read(request).catch((cause: unknown) => {
        const isTimeout = timeoutCodes.has(codeOf(cause))
        const code = isTimeout ? faults.timeout : faults.unreachable
        const found = isTimeout ? `no answer within ${responseTimeoutMs} ms` : codeOf(cause)
        throw new MixmatchError(code, `${what}: ${found}.`, { cause })
      })
      if (response.status < 502 || response.status > 504) return response
      throw new MixmatchError(faults.unreachable, `${what}: answered ${response.status}.`)
    },
    close: async () => pools.destroy(),
  }
}

const timeoutCodes = new Set(['TimeoutError', 'CONNECT_TIMEOUT', 'ETIMEDOUT'])

function openPools({ peer, cafile, ...options }: KeystoneConnectionOptions): OriginPools {
  try {
    return createOriginPools({ ...options, cafile: cafile ?? null, connections: CONNECTIONS })
  } catch (cause) {
    throw new MixmatchError('CONFIG_INVALID', `${peer}: cafile ${cafile} cannot be read.`, {
      cause,
    })
  }
}
