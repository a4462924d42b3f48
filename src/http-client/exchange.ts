import type { RawHeaders } from './raw-headers.js'

/** A request to one origin, its body, and what to do with the response. */
export interface ClientRequest {
  readonly method: string
  /** From the root of the origin, with the query. */
  readonly path: string
  /** Without those that frame the message: they are made for each connection. */
  readonly headers: RawHeaders
  readonly body: Buffer | BodySource | null
  /** Milliseconds from the last byte of the request to the final head; 0 for no limit. */
  readonly headersTimeoutMs: number
  /** Milliseconds in which something of the body of the response must come; 0 for no limit. */
  readonly idleTimeoutMs: number
}

/** A body that comes while it is sent. */
export interface BodySource {
  /** Bytes; null for a body that is sent in chunks. */
  readonly length: number | null
  /** The server is there: write to the sink from now on. */
  start(sink: BodySink): void
  /** The connection takes more again, after `write` returned false. */
  resume(): void
  /** Nothing more is taken: the response is complete, or the exchange has failed. */
  stop(): void
}

/** Where a body goes. */
export interface BodySink {
  /** @returns false where the source should wait for `resume` */
  write(chunk: Buffer): boolean
  /** The body is complete. A body of another length than was said is an error of the exchange. */
  end(): void
}

/**
 * Called in this order. After `onError` or an abort there is no other call, and after `onEnd` only
 * `onError` where it throws.
 */
export interface ResponseHandler {
  /** The server is there, and may see the request from now on. */
  onSend(): void
  onHead(status: number, headers: RawHeaders): void
  /** The memory is the receiver's. */
  onData(data: Buffer): void
  onEnd(trailers: RawHeaders): void
  /** A `ClientError`, or an error of the operating system or of TLS. */
  onError(error: Error): void
}

/** A request on its way. Whatever is called after its end does nothing. */
export interface Exchange {
  /** Read nothing more for a while; what was read already may still come. */
  pause(): void
  resume(): void
  /** End it, and its connection. The handler is not called any more. */
  abort(): void
}

/** What carries one exchange at a time. */
export interface Carrier {
  pause(exchange: CarriedExchange): void
  resume(exchange: CarriedExchange): void
  abort(exchange: CarriedExchange): void
}

/** An exchange, and the connection that carries it; null while it waits for one. */
export class CarriedExchange implements Exchange {
  readonly request: ClientRequest
  readonly handler: ResponseHandler
  carrier: Carrier | null = null
  isAborted = false

  constructor(request: ClientRequest, handler: ResponseHandler) {
    this.request = request
    this.handler = handler
  }

  pause(): void {
    this.carrier?.pause(this)
  }

  resume(): void {
    this.carrier?.resume(this)
  }

  abort(): void {
    this.isAborted = true
    this.carrier?.abort(this)
  }
}

/** Whether sending such a request twice does no more than sending it once, and costs no body. */
export function isSafe({ method, body }: Pick<ClientRequest, 'method' | 'body'>): boolean {
  return body === null && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}
