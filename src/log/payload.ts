import { constants, inflateRawSync, type ZlibOptions } from 'node:zlib'
import * as z from 'zod'
import { WINDOW_BITS } from './compress-payload.js'

/**
 * Decompress, and require that the bytes hold nothing but what `compress` wrote: no second stream, no
 * bytes after the end, no bit set in the unused rest of the last byte.
 *
 * @throws Error if they hold more, or the body is not UTF-8
 */
export function decompressExactly(bytes: Buffer, dictionary: Buffer): string {
  const { body, length } = inflateCounting(bytes, dictionary)
  if (length < bytes.length || hasUnusedBit(bytes, dictionary, body))
    throw new Error('more follows the end of the compressed body')
  const text = body.toString()
  if (text.includes('\uFFFD') && !Buffer.from(text).equals(body))
    throw new Error('the body is not UTF-8')
  return text
}

/**
 * Whether a bit is set after the end of the stream in its last byte. `compress` leaves these bits zero. So the
 * highest set bit must belong to the stream: without it, the body does not end in that byte, or is different.
 * Then zlib needs the byte that is added here. Without one it would fail, and after a failure Node frees the
 * memory of zlib only in the next turn of the event loop, which does not come before the log is verified.
 */
function hasUnusedBit(bytes: Buffer, dictionary: Buffer, body: Buffer): boolean {
  const end = bytes.length - 1
  const last = bytes[end] ?? 0
  if (last === 0) return false
  const changed = Buffer.concat([bytes, NEXT_BYTE])
  changed[end] = last & ~(1 << (31 - Math.clz32(last)))
  try {
    const again = inflateCounting(changed, dictionary, { finishFlush: constants.Z_SYNC_FLUSH })
    return again.length === bytes.length && again.body.equals(body)
  } catch {
    return false
  }
}

const NEXT_BYTE = Buffer.alloc(1)

interface Inflated {
  readonly body: Buffer
  /** The bytes of the stream, without what follows it. */
  readonly length: number
}

function inflateCounting(bytes: Buffer, dictionary: Buffer, options: ZlibOptions = {}): Inflated {
  // `info` also returns the zlib engine. The types of Node do not declare this.
  const result: unknown = inflateRawSync(bytes, { ...INFLATE, ...options, dictionary, info: true })
  const { buffer, engine } = inflated.parse(result)
  return { body: buffer, length: engine.bytesWritten }
}

const inflated = z.object({
  buffer: z.instanceof(Buffer),
  engine: z.object({ bytesWritten: z.number() }),
})

/** @throws Error of zlib if the bytes are damaged or the dictionary is a different one */
export function decompressBody(bytes: Buffer, dictionary: Buffer): string {
  return inflateRawSync(bytes, { ...INFLATE, dictionary }).toString()
}

const INFLATE = { windowBits: WINDOW_BITS, chunkSize: 4096 }
