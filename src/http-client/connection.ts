import type { Socket } from 'node:net'
import { type BodyFraming, keepAliveSeconds } from './body-framing.js'
import { ClientError } from './client-error.js'
import {
  type BodySink,
  type BodySource,
  type CarriedExchange,
  type Carrier,
  type ClientRequest,
  isSafe,
} from './exchange.js'
import type { RawHeaders } from './raw-headers.js'
import { createReceiveBuffer, type ReceiveBuffer } from './receive-buffer.js'
import { type BodyLength, formatRequestHead } from './request-head.js'
import type { ResponseHead } from './response-head.js'
import { ResponseParser } from './response-parser.js'
import type { SocketMaker } from './socket.js'

export interface ConnectionOwner {
  /** The connection can carry another request. */
  onIdle(connection: Connection): void
  /** The connection can carry nothing any more. Called once. */
  onClosed(connection: Connection): void
}

/** Shorter than the 5 s after which Apache and Node close an idle connection. */
const IDLE_LIMIT_MS = 4000
/** A server counts from when it sent the last byte, and its closing takes a while to get here. */
const KEEP_ALIVE_MARGIN_MS = 1000
/** From this length on a body is read without copies. */
const LONG_BODY_BYTES = 128 * 1024

/**
 * One connection to a server, which carries one exchange at a time. Whatever is odd ends it: a
 * response that is not to the letter, bytes that nobody asked for, a body that is not sent whole.
 */
export class Connection implements Carrier {
  readonly #server: SocketMaker
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #parser: ResponseParser
  readonly #buffer: ReceiveBuffer
  #running: CarriedExchange | null = null
  #isReady = false
  #isClosed = false
  #isPaused = false
  /** Whether the whole request was written. */
  #isSent = false
  #hasHead = false
  #bodyBytes = 0
  #timer: NodeJS.Timeout | undefined
  #idleSinceMs = 0
  /** What the server says of itself in Keep-Alive, less a margin; null where it does not. */
  #keptMs: number | null = null

  constructor(server: SocketMaker, connectTimeoutMs: number, owner: ConnectionOwner) {
    this.#server = server
    this.#owner = owner
    this.#buffer = createReceiveBuffer(server.isTls)
    this.#parser = new ResponseParser({
      onHead: (head, framing) => this.#onHead(head, framing),
      onData: data => this.#onData(data),
      onEnd: (trailers, isReusable) => this.#onEnd(trailers, isReusable),
    })
    this.#socket = server.open({
      buffer: () => this.#buffer.next(),
      callback: (length, memory) => this.#receive(memory, length),
    })
    this.#watch(connectTimeoutMs, 'CONNECT_TIMEOUT', 'no connection')
    this.#socket
      .once(server.readyEvent, () => this.#onReady())
      .on('drain', () => this.#source()?.resume())
      .on('error', error => this.#fail(error))
      .on('end', () => this.#onServerEnd())
      .on('close', () => this.#fail(new ClientError('CONNECTION_CLOSED', 'the connection closed')))
  }

  /**
   * Whether this idle connection may carry the request. The server may be closing it at this moment,
   * and a request that is not safe could then not be sent again: such a request goes only where the
   * server has said for how long it keeps the connection.
   */
  mayCarry(request: ClientRequest, nowMs: number): boolean {
    const idleMs = nowMs - this.#idleSinceMs
    if (isSafe(request)) return idleMs < Math.min(IDLE_LIMIT_MS, this.#keptMs ?? IDLE_LIMIT_MS)
    return this.#keptMs !== null && idleMs < Math.min(IDLE_LIMIT_MS, this.#keptMs)
  }

  /** Whether an idle connection is of no more use to any request. */
  isExpired(nowMs: number): boolean {
    return nowMs - this.#idleSinceMs >= Math.min(IDLE_LIMIT_MS, this.#keptMs ?? IDLE_LIMIT_MS)
  }

  /** Send a request now, or as soon as the server is there. */
  start(exchange: CarriedExchange): void {
    exchange.carrier = this
    this.#running = exchange
    if (this.#isReady) this.#begin(exchange)
  }

  pause(exchange: CarriedExchange): void {
    if (exchange !== this.#running) return
    this.#isPaused = true
    clearTimeout(this.#timer)
    this.#socket.pause()
  }

  resume(exchange: CarriedExchange): void {
    if (exchange !== this.#running || !this.#isPaused) return
    this.#isPaused = false
    this.#watchBody()
    this.#socket.resume()
  }

  abort(exchange: CarriedExchange): void {
    if (exchange === this.#running) this.#close()
  }

  /** End the connection, and what it carries. */
  destroy(error: Error): void {
    this.#fail(error)
  }

  #onReady(): void {
    clearTimeout(this.#timer)
    this.#isReady = true
    if (this.#running) this.#begin(this.#running)
  }

  #begin(exchange: CarriedExchange): void {
    try {
      this.#send(exchange)
    } catch (error) {
      this.#fail(error)
    }
  }

  #send(running: CarriedExchange): void {
    const { request, handler } = running
    const { method, body, headersTimeoutMs } = request
    const isSource = body !== null && !Buffer.isBuffer(body)
    const head = formatRequestHead(request, this.#server.host, lengthOf(body))
    this.#isSent = !isSource
    this.#hasHead = false
    this.#parser.expect(method)
    handler.onSend()
    if (this.#running !== running) return // aborted
    if (Buffer.isBuffer(body)) {
      this.#socket.cork()
      this.#socket.write(head, 'latin1')
      this.#socket.write(body)
      this.#socket.uncork()
    } else this.#socket.write(head, 'latin1')
    if (isSource) body.start(this.#sinkFor(running, body))
    else this.#watch(headersTimeoutMs, 'HEADERS_TIMEOUT', 'no response')
  }

  #sinkFor(running: CarriedExchange, { length }: BodySource): BodySink {
    const socket = this.#socket
    let written = 0
    const wrongLength = () =>
      this.#fail(
        new ClientError('INVALID_REQUEST', `the body has ${written} bytes instead of ${length}`),
      )
    return {
      write: chunk => {
        if (this.#running !== running || chunk.length === 0) return true
        written += chunk.length
        if (length === null) return writeChunk(socket, chunk)
        if (written <= length) return socket.write(chunk)
        wrongLength()
        return false
      },
      end: () => {
        if (this.#running !== running) return
        if (length !== null && written !== length) return wrongLength()
        if (length === null) socket.write('0\r\n\r\n', 'latin1')
        this.#isSent = true
        if (this.#hasHead) return
        this.#watch(running.request.headersTimeoutMs, 'HEADERS_TIMEOUT', 'no response')
      },
    }
  }

  #receive(memory: Uint8Array, length: number): boolean {
    if (this.#isClosed) return false
    if (this.#running === null || !this.#isReady) {
      this.#close() // nobody asked for it
      return false
    }
    try {
      this.#parser.push(Buffer.from(memory.buffer, memory.byteOffset, length))
    } catch (error) {
      this.#fail(error)
    }
    return true
  }

  #onHead(head: ResponseHead, framing: BodyFraming): void {
    if (!this.#running) return
    const { handler } = this.#running
    this.#hasHead = true
    this.#bodyBytes = 0
    const seconds = keepAliveSeconds(head)
    this.#keptMs = seconds === null ? null : seconds * 1000 - KEEP_ALIVE_MARGIN_MS
    this.#buffer.expectLong(framing.kind === 'sized' && framing.length >= LONG_BODY_BYTES)
    this.#watchBody()
    // What refuses an upload in its middle reads no more of it (RFC 9110 §10.1.1 says it may).
    if (!this.#isSent && head.status >= 400) this.#source()?.stop()
    handler.onHead(head.status, head.headers)
  }

  #onData(data: Buffer): void {
    if (!this.#running) return
    this.#bodyBytes += data.length
    if (this.#bodyBytes >= LONG_BODY_BYTES) this.#buffer.expectLong(true)
    if (!this.#isPaused) this.#timer?.refresh()
    this.#running.handler.onData(this.#buffer.own(data))
  }

  #onEnd(trailers: RawHeaders, isReusable: boolean): void {
    const running = this.#running
    if (!running) return
    running.handler.onEnd(trailers)
    if (this.#running !== running) return // aborted
    if (isReusable && this.#isSent) this.#becomeIdle()
    else this.#close()
  }

  #becomeIdle(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running = null
    this.#buffer.expectLong(false)
    if (this.#isPaused) {
      this.#isPaused = false
      this.#socket.resume() // else its end would not be seen
    }
    this.#idleSinceMs = performance.now()
    this.#owner.onIdle(this)
  }

  #onServerEnd(): void {
    try {
      this.#parser.finish()
      this.#close()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    const running = this.#running
    this.#close()
    running?.handler.onError(error instanceof Error ? error : new Error(String(error)))
  }

  #close(): void {
    if (this.#isClosed) return
    const source = this.#source()
    this.#isClosed = true
    this.#running = null
    clearTimeout(this.#timer)
    this.#parser.stop()
    this.#socket.destroy()
    source?.stop()
    this.#owner.onClosed(this)
  }

  #source(): BodySource | null {
    const body = this.#running?.request.body ?? null
    return body === null || Buffer.isBuffer(body) || this.#isSent ? null : body
  }

  #watchBody(): void {
    const { idleTimeoutMs = 0 } = this.#running?.request ?? {}
    this.#watch(idleTimeoutMs, 'BODY_TIMEOUT', 'nothing more of the response')
  }

  #watch(ms: number, code: 'CONNECT_TIMEOUT' | 'HEADERS_TIMEOUT' | 'BODY_TIMEOUT', what: string) {
    clearTimeout(this.#timer)
    const expire = () => this.#fail(new ClientError(code, `${what} in ${ms} ms`))
    this.#timer = ms > 0 ? setTimeout(expire, ms) : undefined
  }
}

function lengthOf(body: ClientRequest['body']): BodyLength {
  return body === null ? 'none' : (body.length ?? 'chunked')
}

function writeChunk(socket: Socket, chunk: Buffer): boolean {
  socket.cork()
  socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
  socket.write(chunk)
  const goesOn = socket.write('\r\n', 'latin1')
  socket.uncork()
  return goesOn
}
