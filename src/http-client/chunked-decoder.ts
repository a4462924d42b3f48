import type { RawHeaders } from './raw-headers.js'
import { malformed, parseFields } from './response-head.js'

/** The hexadecimal length of a chunk, and its extensions, which are ignored. */
const CHUNK_LINE = /^([\da-f]{1,12})(?:[\t ]*;[\t -~\x80-\xff]*)?$/i
const MAX_LINE_BYTES = 4096
const MAX_TRAILER_BYTES = 64 * 1024
/** Smaller pieces are joined, so that a body of tiny chunks does not cost one write for each. */
const SMALL_PIECE_BYTES = 4096
const LF = 0x0a

/** Decodes one body in chunked transfer coding (RFC 9112 §7.1), piece by piece, in linear time. */
export class ChunkedDecoder {
  /** The fields after the last chunk; null until the body has ended. */
  trailers: RawHeaders | null = null

  #part: 'length' | 'data' | 'end of data' | 'trailers' = 'length'
  #remaining = 0
  #line = ''
  #trailerLines: string[] = []
  #trailerBytes = 0
  #small: Buffer[] = []

  /**
   * Decode bytes, and pass the body data in them to `onData`, as views of the same memory.
   *
   * @returns how many bytes were decoded: fewer than all if the body has ended
   * @throws MALFORMED_RESPONSE
   */
  decode(bytes: Buffer, onData: (data: Buffer) => void): number {
    let offset = 0
    while (offset < bytes.length && this.trailers === null) {
      offset =
        this.#part === 'data'
          ? this.#readData(bytes, offset, onData)
          : this.#readLine(bytes, offset)
    }
    this.#flush(onData)
    return offset
  }

  #readData(bytes: Buffer, offset: number, onData: (data: Buffer) => void): number {
    const data = bytes.subarray(offset, offset + this.#remaining)
    this.#remaining -= data.length
    if (this.#remaining === 0) this.#part = 'end of data'
    if (data.length < SMALL_PIECE_BYTES) this.#small.push(data)
    else {
      this.#flush(onData)
      onData(data)
    }
    return offset + data.length
  }

  #flush(onData: (data: Buffer) => void): void {
    const [first, ...others] = this.#small
    if (first === undefined) return
    this.#small = []
    onData(others.length === 0 ? first : Buffer.concat([first, ...others]))
  }

  #readLine(bytes: Buffer, offset: number): number {
    const end = bytes.indexOf(LF, offset)
    this.#line += bytes.toString('latin1', offset, end < 0 ? bytes.length : end + 1)
    const limit = this.#part === 'trailers' ? MAX_TRAILER_BYTES : MAX_LINE_BYTES
    if (this.#line.length + this.#trailerBytes > limit) throw malformed('a line of it is too long')
    if (end < 0) return bytes.length
    const line = this.#line
    this.#line = ''
    if (!line.endsWith('\r\n')) throw malformed('a line of its chunks does not end in CR LF')
    this.#take(line.slice(0, -2))
    return end + 1
  }

  #take(line: string): void {
    switch (this.#part) {
      case 'length':
        this.#takeLength(line)
        break
      case 'end of data':
        if (line !== '') throw malformed('a chunk is longer than it says')
        this.#part = 'length'
        break
      case 'trailers':
        if (line === '') this.trailers = parseFields(this.#trailerLines)
        else {
          this.#trailerBytes += line.length
          this.#trailerLines.push(line)
        }
        break
      case 'data':
        throw new RangeError('unreachable: data is no line')
      default:
        this.#part satisfies never
    }
  }

  #takeLength(line: string): void {
    const [, digits] = CHUNK_LINE.exec(line) ?? []
    if (digits === undefined) throw malformed('a chunk does not begin with its length')
    this.#remaining = Number.parseInt(digits, 16)
    this.#part = this.#remaining === 0 ? 'trailers' : 'data'
  }
}
