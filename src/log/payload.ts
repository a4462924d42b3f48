import { inflateRawSync } from 'node:zlib'
import * as z from 'zod'
import { WINDOW_BITS } from './compress-payload.js'

/**
 * Decompress, and require that the bytes hold nothing but what `compress` wrote: no second stream, no
 * bytes after the end, no bit set in the unused rest of the last byte.
 *
 * @throws Error if they hold more, or the body is not UTF-8
 */
export function decompressExactly(bytes: Buffer, dictionary: Buffer): string {
  const body = inflate(bytes, dictionary)
  if (hasMore(bytes, dictionary, body))
    throw new Error('more follows the end of the compressed body')
  const text = body.toString()
  if (text.includes('\uFFFD') && !Buffer.from(text).equals(body))
    throw new Error('the body is not UTF-8')
  return text
}

/**
 * Whether the bytes go on after the end of the stream. `compress` leaves the unused bits of the last
 * byte zero. So its highest set bit belongs to the stream: without that bit, the body must not
 * decompress to the same bytes. If the last byte is zero, zlib has to count the bytes, which takes
 * twice as long.
 */
function hasMore(bytes: Buffer, dictionary: Buffer, body: Buffer): boolean {
  const end = bytes.length - 1
  const last = bytes[end] ?? 0
  if (last === 0) return lengthOf(bytes, dictionary) < bytes.length
  const cleared = Buffer.from(bytes)
  cleared[end] = last & ~(1 << (31 - Math.clz32(last)))
  try {
    return inflate(cleared, dictionary).equals(body)
  } catch {
    return false
  }
}

/** The length of the stream in bytes. */
function lengthOf(bytes: Buffer, dictionary: Buffer): number {
  // `info` also returns the zlib engine. The types of Node do not declare this.
  const result: unknown = inflateRawSync(bytes, { ...INFLATE, dictionary, info: true })
  return inflated.parse(result).engine.bytesWritten
}

const inflated = z.object({ engine: z.object({ bytesWritten: z.number() }) })

/** @throws Error of zlib if the bytes are damaged or the dictionary is a different one */
export function decompressBody(bytes: Buffer, dictionary: Buffer): string {
  return inflate(bytes, dictionary).toString()
}

const INFLATE = { windowBits: WINDOW_BITS, chunkSize: 4096 }

function inflate(bytes: Buffer, dictionary: Buffer): Buffer {
  return inflateRawSync(bytes, { ...INFLATE, dictionary })
}
