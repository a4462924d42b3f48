import type { FileHandle } from 'node:fs/promises'

/** Complete lines of a file. */
interface FileLines {
  /** Without line feeds, and without blank lines. */
  readonly lines: readonly Buffer[]
  /** The offset after the last of these lines. */
  readonly end: number
}

/** Enough for some hundred notifications. It is doubled until the longest line fits. */
const CHUNK_BYTES = 1024 * 1024

/** Read up to `maxLines` lines from an offset on. A last line without a line feed is not read yet. */
export async function readLines(
  file: FileHandle,
  offset: number,
  maxLines: number,
): Promise<FileLines> {
  for (let size = CHUNK_BYTES; ; size *= 2) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, offset)
    const found = splitLines(buffer.subarray(0, bytesRead), maxLines)
    if (found.end > 0 || bytesRead < size) return { ...found, end: offset + found.end }
  }
}

function splitLines(bytes: Buffer, maxLines: number): FileLines {
  const lines: Buffer[] = []
  let end = 0
  while (lines.length < maxLines) {
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
