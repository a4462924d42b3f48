import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** The bytes of an image on disk. */
export interface StoredFile {
  readonly path: string
  readonly size: number
  /** Hex digits, both. */
  readonly md5: string
  readonly sha512: string
}

/** Inclusive, as in a `Range` header. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Write a stream to a file, with its size and checksums. An aborted stream leaves no file behind. */
export async function store(path: string, source: Readable): Promise<StoredFile> {
  const md5 = createHash('md5')
  const sha512 = createHash('sha512')
  let size = 0
  try {
    await pipeline(
      source,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          md5.update(chunk)
          sha512.update(chunk)
          size += chunk.length
          yield chunk
        }
      },
      createWriteStream(path, { mode: 0o600 }),
    )
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
  return { path, size, md5: md5.digest('hex'), sha512: sha512.digest('hex') }
}

/** Read one span of the file; of an empty file, nothing. */
export function read({ path, size }: StoredFile, { start, end }: Span): ReadStream {
  return createReadStream(path, size === 0 ? {} : { start, end })
}
