import { existsSync, rmSync } from 'node:fs'
import { MixmatchError } from '../errors.js'
import { openWritable } from '../sqlite.js'
import type { Head, LogReader } from './event-log.js'
import { putInPlace } from './finished-file.js'

/** Pages copied in one step. The recorder can append between two steps. */
const PAGES = 256

/**
 * Copy a log, also while it is recorded. The copy is a single file without a write-ahead log, so it
 * can be read from a read-only medium. It gets its name only when it is complete.
 *
 * @param onProgress called with the number of copied pages and of all pages
 * @returns the head of the copy
 * @throws USAGE if the file exists
 */
export async function backUp(
  log: LogReader,
  file: string,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Head> {
  if (existsSync(file)) {
    throw new MixmatchError('USAGE', `${file}: is there already. Name a new file for the backup.`)
  }
  const temporary = `${file}.partial`
  const discard = () => {
    for (const suffix of ['', '-wal', '-shm', '-journal'])
      rmSync(`${temporary}${suffix}`, { force: true })
  }
  discard()
  try {
    openWritable(temporary).close() // with the permissions of a log
    await log.db.backup(temporary, {
      progress({ totalPages, remainingPages }) {
        signal.throwIfAborted()
        onProgress(totalPages - remainingPages, totalPages)
        return PAGES
      },
    })
    return putInPlace(temporary, file)
  } finally {
    discard()
  }
}
