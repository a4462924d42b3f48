import type { Socket } from 'node:net'
import { ClientError, isBrokenConnection } from './client-error.js'
import {
  type ClientRequest,
  type ExchangeConnection,
  isSafe,
  type PendingExchange,
  type StreamedBody,
} from './exchange.js'
import { createIdleTimer } from './idle-timer.js'
import { KeepAlive } from './keep-alive.js'
import type { RawHeaders } from './raw-headers.js'
import { createReceiveBuffer, type ReceiveBuffer } from './receive-buffer.js'
import { bodyLength, formatRequestHead } from './request-head.js'
import { writeRequest } from './request-writer.js'
import type { ResponseHead } from './response-head.js'
import { ResponseParser } from './response-parser.js'
import type { SocketMaker } from './socket.js'

type TimeoutCode = 'CONNECT_TIMEOUT' | 'HEADERS_TIMEOUT' | 'BODY_TIMEOUT'

interface ConnectionOwner {
  /** The connection can send another request. */
  onIdle(connection: Connection): void
  /** The connection is closed. Called once. */
  onClosed(connection: Connection): void
  /** The server closed the idle connection before it saw this safe request. Called after `onClosed`. */
  onStale(exchange: PendingExchange): void
}

/**
 * One connection to a server, for one exchange at a time. Anything unexpected closes it: a malformed
 * response, bytes that belong to no request, or an incomplete request body.
 */
export class Connection implements ExchangeConnection {
  readonly #server: SocketMaker
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #parser: ResponseParser
  readonly #buffer: ReceiveBuffer
  #running: PendingExchange | null = null
  #isReady = false
  #isClosed = false
  #isPaused = false
  /** Whether the whole request is written. */
  #isRequestSent = false
  #hasHead = false
  /** Whether any byte of the response has arrived. */
  #hasBytes = false
  /** Whether an earlier exchange was completed on this connection. */
  #isReused = false
  #bodyBytes = 0
  /** The error if the timer expires now. */
  #timeoutCode: TimeoutCode = 'CONNECT_TIMEOUT'
  readonly #timer = createIdleTimer(() =>
    this.#fail(new ClientError(this.#timeoutCode, 'nothing came in time')),
  )
  readonly #keepAlive = new KeepAlive()

  constructor(server: SocketMaker, connectTimeoutMs: number, owner: ConnectionOwner) {
    this.#server = server
    this.#owner = owner
    this.#buffer = createReceiveBuffer(server.isTls)
    this.#parser = new ResponseParser({
      onHead: head => this.#onHead(head),
      onData: data => this.#onData(data),
      onEnd: (trailers, isReusable) => this.#onEnd(trailers, isReusable),
    })
    this.#socket = server.open({
      buffer: () => this.#buffer.next(),
      callback: (length, memory) => this.#receive(memory, length),
    })
    this.#startTimer(connectTimeoutMs, 'CONNECT_TIMEOUT')
    this.#socket
      .once(server.readyEvent, () => this.#onReady())
      .on('drain', () => this.#source()?.resume())
      .on('error', error => this.#fail(error))
      .on('end', () => this.#onServerEnd())
      .on('close', () => this.#fail(new ClientError('CONNECTION_CLOSED', 'the connection closed')))
  }

  /**
   * Whether this idle connection can be used for the request. The server may be closing it at this
   * moment, and then only a safe request can be sent again. So other requests need a server that has
   * said for how long it keeps the connection.
   */
  canSend(request: ClientRequest, nowMs: number): boolean {
    return !this.isExpired(nowMs) && (this.#keepAlive.isDeclared || isSafe(request))
  }

  /** Whether the connection has been idle for too long to be used for any request. */
  isExpired(nowMs: number): boolean {
    return this.#keepAlive.isExpired(nowMs)
  }

  /** Send a request as soon as the connection is established. */
  start(exchange: PendingExchange): void {
    exchange.connection = this
    this.#running = exchange
    if (this.#isReady) this.#begin(exchange)
  }

  pause(exchange: PendingExchange): void {
    if (exchange !== this.#running) return
    this.#isPaused = true
    this.#buffer.expect(0)
    this.#timer.suspend()
    this.#socket.pause()
  }

  resume(exchange: PendingExchange): void {
    if (exchange !== this.#running || !this.#isPaused) return
    this.#isPaused = false
    this.#awaitBody()
    this.#socket.resume()
  }

  abort(exchange: PendingExchange): void {
    if (exchange === this.#running) this.#close()
  }

  /** Close the connection. Its exchange fails with the error. */
  destroy(error: Error): void {
    this.#fail(error)
  }

  #onReady(): void {
    this.#timer.stop()
    this.#isReady = true
    if (this.#running) this.#begin(this.#running)
  }

  #begin(exchange: PendingExchange): void {
    try {
      this.#send(exchange)
    } catch (error) {
      this.#fail(error)
    }
  }

  #send(running: PendingExchange): void {
    const { request, handler } = running
    const head = formatRequestHead(request, this.#server.host, bodyLength(request.body))
    this.#isRequestSent = false
    this.#hasHead = false
    this.#hasBytes = false
    this.#parser.expect(request.method)
    handler.onSend()
    if (this.#running !== running) return // aborted
    const isWritten = writeRequest(this.#socket, head, request.body, {
      isRunning: () => this.#running === running,
      onEnd: () => this.#onRequestSent(request),
      onError: error => this.#fail(error),
    })
    if (isWritten) this.#onRequestSent(request)
  }

  #onRequestSent({ headersTimeoutMs }: ClientRequest): void {
    this.#isRequestSent = true
    if (!this.#hasHead) this.#startTimer(headersTimeoutMs, 'HEADERS_TIMEOUT')
  }

  #receive(memory: Uint8Array, length: number): boolean {
    if (this.#isClosed) return false
    if (this.#running === null || !this.#isReady) {
      this.#close() // bytes that belong to no request
      return false
    }
    this.#hasBytes = true
    try {
      this.#parser.push(Buffer.from(memory.buffer, memory.byteOffset, length))
    } catch (error) {
      this.#fail(error)
    }
    return true
  }

  #onHead(head: ResponseHead): void {
    if (!this.#running) return
    const { handler } = this.#running
    this.#hasHead = true
    this.#bodyBytes = 0
    this.#keepAlive.update(head)
    this.#awaitBody()
    // A server that rejects an upload need not read the rest of it (RFC 9112 §9.5).
    if (!this.#isRequestSent && head.status >= 400) this.#source()?.stop()
    handler.onHead(head.status, head.headers)
  }

  #onData(data: Buffer): void {
    if (!this.#running) return
    this.#bodyBytes += data.length
    if (!this.#isPaused) {
      this.#buffer.expect(this.#bodyBytes)
      this.#timer.touch()
    }
    const piece = this.#buffer.keep(data)
    this.#running.handler.onData(piece.data, piece.release)
  }

  #onEnd(trailers: RawHeaders, isReusable: boolean): void {
    const running = this.#running
    if (!running) return
    running.handler.onEnd(trailers)
    if (this.#running !== running) return // aborted
    if (isReusable && this.#isRequestSent) this.#becomeIdle()
    else this.#close()
  }

  #becomeIdle(): void {
    this.#timer.suspend()
    this.#running = null
    this.#isReused = true
    this.#buffer.expect(0)
    if (this.#isPaused) {
      this.#isPaused = false
      this.#socket.resume() // a paused socket does not report that the server closes it
    }
    this.#keepAlive.startIdle(performance.now())
    this.#owner.onIdle(this)
  }

  #onServerEnd(): void {
    // Node 22 reports a reset as an end if it arrives together with data. After a reset there is no remote port.
    if (!this.#server.isTls && this.#socket.remotePort === undefined) {
      this.#fail(new ClientError('ECONNRESET', 'the connection was reset'))
      return
    }
    try {
      this.#parser.finish()
      this.#close()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    const running = this.#running
    const isStale = this.#isReused && !this.#hasBytes && isBrokenConnection(error)
    this.#close()
    if (running && isStale && isSafe(running.request)) this.#owner.onStale(running)
    else running?.handler.onError(error instanceof Error ? error : new Error(String(error)))
  }

  #close(): void {
    if (this.#isClosed) return
    const source = this.#source()
    this.#isClosed = true
    this.#running = null
    this.#timer.stop()
    this.#parser.stop()
    this.#socket.destroy()
    source?.stop()
    this.#owner.onClosed(this)
  }

  #source(): StreamedBody | null {
    const body = this.#running?.request.body ?? null
    return body === null || Buffer.isBuffer(body) || this.#isRequestSent ? null : body
  }

  #awaitBody(): void {
    this.#startTimer(this.#running?.request.idleTimeoutMs ?? 0, 'BODY_TIMEOUT')
  }

  #startTimer(ms: number, code: TimeoutCode): void {
    this.#timeoutCode = code
    this.#timer.start(ms)
  }
}
