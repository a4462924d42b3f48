import type { FileHandle } from 'node:fs/promises'

/** Complete lines of a file, and where the first that is not among them begins. */
export interface Lines {
  /** Without their line feeds, and without those that are blank. */
  readonly lines: readonly Buffer[]
  readonly end: number
}

/** Enough for some hundred notifications; a line that is longer gets twice as much, as often as it takes. */
const CHUNK_BYTES = 1024 * 1024

/** Read up to `most` lines from an offset on. The last one, if it has no line feed yet, is left. */
export async function readLines(file: FileHandle, offset: number, most: number): Promise<Lines> {
  for (let size = CHUNK_BYTES; ; size *= 2) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, offset)
    const read = buffer.subarray(0, bytesRead)
    const found = split(read, most)
    if (found.end > 0 || bytesRead < size) return { ...found, end: offset + found.end }
  }
}

function split(bytes: Buffer, most: number): Lines {
  const lines: Buffer[] = []
  let end = 0
  while (lines.length < most) {
    const feed = bytes.indexOf(LINE_FEED, end)
    if (feed === -1) break
    const line = bytes.subarray(end, feed)
    if (line.some(byte => !BLANK.has(byte))) lines.push(line)
    end = feed + 1
  }
  return { lines, end }
}

const LINE_FEED = 10
const BLANK = new Set([9, 13, 32])
