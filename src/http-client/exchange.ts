import type { RawHeaders } from './raw-headers.js'

/** A request to one origin, with its body and timeouts. */
export interface ClientRequest {
  readonly method: string
  /** From the root of the origin, including the query. */
  readonly path: string
  /** Without the headers that frame the message: each connection adds them. */
  readonly headers: RawHeaders
  readonly body: Buffer | StreamedBody | null
  /** Milliseconds from the last byte of the request to the head of the final response; 0 for no limit. */
  readonly headersTimeoutMs: number
  /** Milliseconds that the response body may pause; 0 for no limit. */
  readonly idleTimeoutMs: number
}

/** A request body that arrives while it is sent. */
export interface StreamedBody {
  /** Bytes; null for a body that is sent in chunks. */
  readonly length: number | null
  /** The connection is established: write to the sink from now on. */
  start(sink: BodySink): void
  /** The sink accepts more again, after its `write` returned false. */
  resume(): void
  /** Nothing more will be sent: the response is complete, or the exchange has failed. */
  stop(): void
}

/** The destination of a body. */
export interface BodySink {
  /**
   * The sink owns the chunk from now on: its memory is freed when it is written.
   *
   * @returns false if the source should wait for `resume`
   */
  write(chunk: Buffer): boolean
  /** The body is complete. If it does not have the announced length, the exchange fails. */
  end(): void
}

/**
 * Called in this order. After `onError` or an abort there are no more calls. After `onEnd` only `onError`
 * may be called, if `onEnd` throws.
 */
export interface ResponseHandler {
  /** The connection is established: from now on the server may have seen the request. */
  onSend(): void
  onHead(status: number, headers: RawHeaders): void
  /**
   * The receiver may keep the memory. If there is a `release`, the receiver can call it when it does not
   * need the data any more, and other data is received in the same memory.
   */
  onData(data: Buffer, release: (() => void) | null): void
  onEnd(trailers: RawHeaders): void
  /** A `ClientError`, or an error of the operating system or of TLS. */
  onError(error: Error): void
}

/** Controls a request and its response. After their end, its methods do nothing. */
export interface Exchange {
  /** Stop reading the response. Data that was already read may still be delivered. */
  pause(): void
  resume(): void
  /** Close the connection. The handler is not called any more. */
  abort(): void
}

/** The part of a connection that an exchange controls. */
export interface ExchangeConnection {
  pause(exchange: PendingExchange): void
  resume(exchange: PendingExchange): void
  abort(exchange: PendingExchange): void
}

/** An exchange and its connection, which is null while the exchange waits for one. */
export class PendingExchange implements Exchange {
  readonly request: ClientRequest
  readonly handler: ResponseHandler
  connection: ExchangeConnection | null = null
  isAborted = false

  constructor(request: ClientRequest, handler: ResponseHandler) {
    this.request = request
    this.handler = handler
  }

  pause(): void {
    this.connection?.pause(this)
  }

  resume(): void {
    this.connection?.resume(this)
  }

  abort(): void {
    this.isAborted = true
    this.connection?.abort(this)
  }
}

/** Whether the request can be sent twice: it changes nothing (RFC 9110 §9.2.1) and has no body. */
export function isSafe({ method, body }: Pick<ClientRequest, 'method' | 'body'>): boolean {
  return body === null && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}
