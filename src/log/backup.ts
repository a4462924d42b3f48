import { existsSync, renameSync, rmSync } from 'node:fs'
import { MixmatchError } from '../errors.js'
import { openWritable } from '../sqlite.js'
import type { Head, LogReader } from './event-log.js'
import { openLogReader } from './open-log.js'

/** Pages copied at a time; between two of them the recorder appends what it has. */
const PAGES = 256

/**
 * Copy a log while it is being recorded. The copy is one file that needs no other beside it, also on
 * a read-only medium, and stands under its name only when it is complete.
 *
 * @param onProgress called with the pages that are done, and all pages
 * @returns what the copy ends with
 * @throws USAGE where there is a file of that name
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
  const aside = `${file}.partial`
  const discard = () => {
    for (const suffix of ['', '-wal', '-shm', '-journal'])
      rmSync(`${aside}${suffix}`, { force: true })
  }
  discard()
  try {
    openWritable(aside).close() // with the permissions of a log
    await log.db.backup(aside, {
      progress({ totalPages, remainingPages }) {
        signal.throwIfAborted()
        onProgress(totalPages - remainingPages, totalPages)
        return PAGES
      },
    })
    const head = seal(aside)
    renameSync(aside, file)
    return head
  } finally {
    discard()
  }
}

/** Make a file stand alone, on the disk: it is never written to again. */
export function seal(file: string): Head {
  const db = openWritable(file)
  db.pragma('journal_mode = DELETE')
  db.pragma('synchronous = FULL')
  db.close()
  using log = openLogReader(file)
  return log.head()
}
