import { brotliDecompressSync, unzipSync, zstdDecompressSync } from 'node:zlib'
import { bunzip2Sync } from './bzip2.js'

/** The result of decompression. */
type Unpacked =
  | { readonly kind: 'unpacked'; readonly bytes: Buffer }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'failed' }

type Decompress = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer

/**
 * By the content types that kombu writes into the header `compression` (kombu/compression.py). Its gzip is
 * the format of zlib; `unzipSync` reads both.
 */
const decompressors = new Map<string, Decompress>([
  ['application/x-gzip', unzipSync],
  ['application/x-bz2', bunzip2Sync],
  ['application/x-brotli', brotliDecompressSync],
  ['application/zstd', zstdDecompressSync],
])

/**
 * Undo kombu's compression. Never throws, and never returns more than `maxBytes`.
 *
 * @param compression null if the bytes are not compressed
 */
export function decompress(compression: string | null, bytes: Buffer, maxBytes: number): Unpacked {
  if (compression === null) return { kind: 'unpacked', bytes }
  const undo = decompressors.get(compression)
  if (!undo) return { kind: 'failed' }
  try {
    return { kind: 'unpacked', bytes: undo(bytes, { maxOutputLength: maxBytes }) }
  } catch (error) {
    return { kind: isTooLarge(error) ? 'tooLarge' : 'failed' }
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
