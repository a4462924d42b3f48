import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { openWritable } from '../sqlite.js'
import type { Head } from './event-log.js'
import { openLogReader } from './open-log.js'

/**
 * Make a finished log a single file, without a write-ahead log, and give it its name, which may be that of
 * another file. After a power failure the name leads to the one file or the other, and each is whole.
 *
 * @returns the head of the log
 */
export function putInPlace(finished: string, file: string): Head {
  const db = openWritable(finished)
  db.pragma('journal_mode = DELETE')
  db.close()
  syncToDisk(finished)
  renameSync(finished, file)
  syncToDisk(dirname(file))
  using log = openLogReader(file)
  return log.head()
}

/** Sync a file, or the names in a folder. SQLite syncs only what it writes in a synchronous mode. */
function syncToDisk(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
