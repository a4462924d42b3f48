import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'

/** A file that a report was made from, as it was on the disk. */
export interface FileDigest {
  readonly file: string
  readonly bytes: number
  /** 64 hex digits, as `sha256sum` prints them. */
  readonly sha256: string
  /** Size and time of the last change, to see whether the file was written later. */
  readonly stamp: string
}

/**
 * Digest the files of a log. While a recorder writes, the newest events are in a second file, `…-wal`: it
 * is digested as well, if it has content.
 */
export function digestFiles(files: readonly string[]): FileDigest[] {
  return files.flatMap(file => [
    digest(file),
    ...(sizeOf(`${file}-wal`) > 0 ? [digest(`${file}-wal`)] : []),
  ])
}

/** Whether a file, or the list of files with content, has changed since it was digested. */
export function hasChanged(digests: readonly FileDigest[], files: readonly string[]): boolean {
  const known = new Map(digests.map(({ file, stamp }) => [file, stamp]))
  return files
    .flatMap(file => [file, `${file}-wal`])
    .some(file => (known.get(file) ?? NOTHING) !== stampOf(file))
}

const CHUNK = 1024 * 1024

function digest(file: string): FileDigest {
  const stamp = stampOf(file)
  const hash = createHash('sha256')
  const chunk = Buffer.allocUnsafe(CHUNK)
  const opened = openSync(file, 'r')
  let bytes = 0
  try {
    for (let read = -1; read !== 0; ) {
      read = readSync(opened, chunk, 0, CHUNK, null)
      hash.update(chunk.subarray(0, read))
      bytes += read
    }
  } finally {
    closeSync(opened)
  }
  return { file, bytes, sha256: hash.digest('hex'), stamp }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** The stamp of a file that does not exist, or is empty: a `…-wal` may be made empty by a mere reader. */
const NOTHING = ''

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat === undefined || stat.size === 0
    ? NOTHING
    : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
}
