import { Dispatcher } from 'undici'
import { ClientError } from './client-error.js'
import type { ConnectionPool } from './connection-pool.js'
import type { ClientRequest, Exchange, ResponseHandler } from './exchange.js'
import { eachHeader, type RawHeaders } from './raw-headers.js'

/**
 * Lets undici's `request` use our connections. undici's own connections end at an interim response, and
 * accept responses that a proxy must reject. Only for the proxy's own requests, with text or bytes as body.
 */
export class PoolDispatcher extends Dispatcher {
  readonly #pool: Pick<ConnectionPool, 'send'>

  constructor(pool: Pick<ConnectionPool, 'send'>) {
    super()
    this.#pool = pool
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const controller = new Controller(handler)
    // A request that is aborted while it waits for a connection is never sent.
    handler.onRequestStart?.(controller, {})
    if (!controller.aborted) controller.exchange = this.#pool.send(requestOf(options), controller)
    return true
  }
}

/** Connects undici's handler and an exchange: the handler controls the exchange and gets its events. */
class Controller implements Dispatcher.DispatchController, ResponseHandler {
  exchange: Exchange | null = null
  rawHeaders: string[] = []
  rawTrailers: string[] = []
  aborted = false
  paused = false
  reason: Error | null = null
  readonly #handler: Dispatcher.DispatchHandler

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler
  }

  abort(reason: Error): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    this.exchange?.abort()
    this.#handler.onResponseError?.(this, reason)
  }

  pause(): void {
    this.paused = true
    this.exchange?.pause()
  }

  resume(): void {
    this.paused = false
    this.exchange?.resume()
  }

  onSend(): void {}

  onHead(status: number, headers: RawHeaders): void {
    this.rawHeaders = [...headers]
    this.#handler.onResponseStart?.(this, status, asObject(headers))
  }

  onData(data: Buffer): void {
    this.#handler.onResponseData?.(this, data)
  }

  onEnd(trailers: RawHeaders): void {
    this.rawTrailers = [...trailers]
    this.#handler.onResponseEnd?.(this, asObject(trailers))
  }

  onError(error: Error): void {
    this.#handler.onResponseError?.(this, error)
  }
}

function requestOf(options: Dispatcher.DispatchOptions): ClientRequest {
  return {
    method: options.method,
    path: options.path,
    headers: headersOf(options.headers),
    body: bodyOf(options.body),
    headersTimeoutMs: options.headersTimeout ?? 0,
    idleTimeoutMs: options.bodyTimeout ?? 0,
  }
}

function headersOf(headers: Dispatcher.DispatchOptions['headers']): RawHeaders {
  if (!headers) return []
  if (Array.isArray(headers)) return headers.map(String)
  return Object.entries(headers).flatMap(([name, values = []]) =>
    [values].flat().flatMap(value => [name, String(value)]),
  )
}

function bodyOf(body: Dispatcher.DispatchOptions['body']): Buffer | null {
  if (body === null || body === undefined) return null
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body)
  throw new ClientError('INVALID_REQUEST', 'the body of a request of our own is a text or bytes')
}

/** Headers as undici expects them: names in lower case, repeated fields as a list. */
function asObject(headers: RawHeaders): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = Object.create(null)
  eachHeader(headers, (_, value, lower) => {
    const before = fields[lower]
    fields[lower] = before === undefined ? value : [...[before].flat(), value]
  })
  return fields
}
