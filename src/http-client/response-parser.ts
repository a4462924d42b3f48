import { type BodyFraming, bodyFraming, keepsConnection } from './body-framing.js'
import { ChunkedDecoder } from './chunked-decoder.js'
import { ClientError } from './client-error.js'
import type { RawHeaders } from './raw-headers.js'
import { MAX_HEAD_BYTES, malformed, parseResponseHead, type ResponseHead } from './response-head.js'

/** Called for the parts of a response, in this order. */
interface ResponseParts {
  /** The head of the final response. Interim responses (1xx) are left out. */
  onHead(head: ResponseHead, framing: BodyFraming): void
  /** A view of the memory that was pushed: copy it to keep it. */
  onData(data: Buffer): void
  /** `isReusable`: the connection can send another request. */
  onEnd(trailers: RawHeaders, isReusable: boolean): void
}

const HEAD_END = Buffer.from('\r\n\r\n')
const START = 'HTTP/1.'
const NOTHING = Buffer.alloc(0)
const CR = 0x0d
const LF = 0x0a

/**
 * Parses the responses of one connection, one for each `expect`. Bytes that come without a request, or
 * after the end of a response, are never parsed as a response.
 */
export class ResponseParser {
  #state: 'idle' | 'head' | BodyFraming['kind'] = 'idle'
  #method = ''
  #parts: ResponseParts
  #head: Buffer[] = []
  #headBytes = 0
  /** The last bytes of the previous read, because the end of the head may be split between two reads. */
  #lastBytes: Buffer = NOTHING
  #remaining = 0
  #decoder = new ChunkedDecoder()
  #keepsConnection = false

  constructor(parts: ResponseParts) {
    this.#parts = parts
  }

  /** The next bytes are the response to a request with this method. */
  expect(method: string): void {
    this.#state = 'head'
    this.#method = method
  }

  /** Ignore everything that comes from now on. */
  stop(): void {
    this.#state = 'idle'
  }

  /** @throws MALFORMED_RESPONSE. Then the connection cannot be used any more. */
  push(bytes: Buffer): void {
    let rest = bytes
    while (rest.length > 0) {
      switch (this.#state) {
        case 'head':
          rest = this.#readHead(rest)
          break
        case 'sized':
          rest = this.#readSized(rest)
          break
        case 'chunked':
          rest = this.#readChunked(rest)
          break
        case 'close':
          this.#parts.onData(rest)
          return
        case 'idle':
        case 'none':
          throw malformed('there is something after its end')
        default:
          this.#state satisfies never
      }
    }
  }

  /**
   * The server sends nothing more.
   *
   * @throws CONNECTION_CLOSED if the response is not complete
   */
  finish(): void {
    if (this.#state === 'close') this.#end([], false)
    if (this.#state === 'idle') return
    const found = this.#state === 'head' ? 'before the response began' : 'in the middle of it'
    throw new ClientError('CONNECTION_CLOSED', `the server closed the connection ${found}`)
  }

  /** @returns the bytes after the head */
  #readHead(bytes: Buffer): Buffer {
    const { length: overlap } = this.#lastBytes
    const searched = overlap > 0 ? Buffer.concat([this.#lastBytes, bytes]) : bytes
    const found = searched.indexOf(HEAD_END)
    const length = this.#headBytes - overlap + (found < 0 ? searched.length : found)
    if (length > MAX_HEAD_BYTES) throw malformed(`its head is longer than ${MAX_HEAD_BYTES} bytes`)
    if (found < 0) {
      this.#keepHead(bytes, searched)
      return NOTHING
    }
    const rest = searched.subarray(found + HEAD_END.length)
    const text =
      overlap > 0
        ? Buffer.concat([...this.#head, bytes]).toString('latin1', 0, length)
        : bytes.toString('latin1', 0, length)
    this.#dropHead()
    this.#takeHead(parseResponseHead(text), rest.length === 0)
    return rest
  }

  /** Bytes that can never become a head are rejected at once, not after a timeout. */
  #keepHead(bytes: Buffer, searched: Buffer): void {
    const start = Buffer.concat([...this.#head.slice(0, START.length), bytes]).toString(
      'latin1',
      0,
      START.length,
    )
    if (!START.startsWith(start)) throw malformed('it does not begin with HTTP/1')
    const { length: checked } = this.#lastBytes
    for (let lf = searched.indexOf(LF, checked); lf >= 0; lf = searched.indexOf(LF, lf + 1)) {
      if (searched[lf - 1] !== CR) throw malformed('a line of its head does not end in CR LF')
    }
    this.#head.push(Buffer.from(bytes))
    this.#headBytes += bytes.length
    this.#lastBytes = Buffer.from(searched.subarray(-(HEAD_END.length - 1)))
  }

  #dropHead(): void {
    this.#head = []
    this.#headBytes = 0
    this.#lastBytes = NOTHING
  }

  #takeHead(head: ResponseHead, isAll: boolean): void {
    if (head.status === 101) throw malformed('it switches to a protocol that nobody asked for')
    if (head.status < 200) return // the final response is still to come (RFC 9110 §15.2)
    const framing = bodyFraming(this.#method, head)
    this.#state = framing.kind
    this.#keepsConnection = keepsConnection(head)
    if (framing.kind === 'sized') this.#remaining = framing.length
    if (framing.kind === 'chunked') this.#decoder = new ChunkedDecoder()
    this.#parts.onHead(head, framing)
    const isEmpty = framing.kind === 'none' || (framing.kind === 'sized' && framing.length === 0)
    if (isEmpty) this.#end([], isAll)
  }

  #readSized(bytes: Buffer): Buffer {
    const data = bytes.length > this.#remaining ? bytes.subarray(0, this.#remaining) : bytes
    this.#remaining -= data.length
    this.#parts.onData(data)
    if (this.#remaining === 0) this.#end([], data.length === bytes.length)
    return bytes.subarray(data.length)
  }

  #readChunked(bytes: Buffer): Buffer {
    const taken = this.#decoder.decode(bytes, this.#parts.onData)
    const { trailers } = this.#decoder
    if (trailers) this.#end(trailers, taken === bytes.length)
    return bytes.subarray(taken)
  }

  /** @param isAll whether nothing came after the end. If bytes came, they are ignored and the connection is closed. */
  #end(trailers: RawHeaders, isAll: boolean): void {
    if (this.#state === 'idle') return
    const isReusable = isAll && this.#keepsConnection && this.#state !== 'close'
    this.#state = 'idle'
    this.#parts.onEnd(trailers, isReusable)
  }
}
