import { setImmediate } from 'node:timers/promises'
import { ClientError, isBrokenConnection } from './client-error.js'
import type { ConnectionPool } from './connection-pool.js'
import type { RawHeaders } from './raw-headers.js'

/** A response with its complete body, in bounded memory. */
interface WholeResponse {
  readonly status: number
  readonly headers: RawHeaders
  readonly body: Buffer
}

interface WholeRequest {
  readonly method: 'GET' | 'POST'
  /** From the root of the origin, including the query. */
  readonly path: string
  readonly headers: RawHeaders
  readonly body: string | Buffer | null
  /** A longer body is an error. */
  readonly maxBytes: number
  /** Both timeouts in milliseconds, since the last activity; 0 for no limit. */
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Send a request that may safely be sent twice, and read the whole response. If a connection breaks
 * before the response, it was usually idle for too long. So the request is sent once more.
 *
 * @throws ClientError, and the errors of the connection
 */
export async function readWholeResponse(
  pool: Pick<ConnectionPool, 'send'>,
  request: WholeRequest,
): Promise<WholeResponse> {
  try {
    return await readWholeResponseOnce(pool, request)
  } catch (error) {
    if (request.signal.aborted || !isBrokenConnection(error)) throw error
    await setImmediate() // a server that closed one idle connection has closed the others, too
    return await readWholeResponseOnce(pool, request)
  }
}

/**
 * Send a request that must not be sent twice, and read the whole response.
 *
 * undici is loaded with the first request, because processes that send none need not wait for it.
 *
 * @throws as `readWholeResponse`. Then it is unknown whether the request took effect.
 */
export async function readWholeResponseOnce(
  pool: Pick<ConnectionPool, 'send'>,
  { maxBytes, headersTimeoutMs, idleTimeoutMs, headers, ...rest }: WholeRequest,
): Promise<WholeResponse> {
  const { PoolDispatcher } = await import('./dispatcher.js')
  const response = await new PoolDispatcher(pool).request({
    ...rest,
    headers: [...headers],
    headersTimeout: headersTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  })
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return {
    status: response.statusCode,
    headers: rawHeaders(response.headers),
    body: Buffer.concat(chunks),
  }
}

function rawHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): RawHeaders {
  return Object.entries(headers).flatMap(([name, values = []]) =>
    [values].flat().flatMap(value => [name, value]),
  )
}

function tooLarge(maxBytes: number): ClientError {
  return new ClientError('RESPONSE_TOO_LARGE', `the response is longer than ${maxBytes} bytes`)
}
