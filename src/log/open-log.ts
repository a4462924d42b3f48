import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { makeFolder } from '../make-folder.js'
import {
  closeWritable,
  closingOnError,
  openReadable,
  openWritable,
  requireWritable,
} from '../sqlite.js'
import type { EventLog, LogReader } from './event-log.js'
import { createReader } from './reader.js'
import { checkVersion, migrate, requireColumns } from './schema.js'
import { createWriter } from './writer.js'

/**
 * Open the log for reading. The folder may be read-only.
 *
 * @throws LOG_NOT_FOUND, LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE, LOG_BROKEN, FILE_NOT_READABLE
 */
export function openLogReader(file: string): LogReader {
  if (!existsSync(file)) {
    throw new MixmatchError(
      'LOG_NOT_FOUND',
      `${file}: no event log there. Name it with --log, or start "mixmatch record" to begin one.`,
    )
  }
  const db = openReadable(file)
  return closingOnError(db, () => {
    if (checkVersion(db, file) === 0) {
      const message = `${file}: expected an event log, found an empty file.`
      throw new MixmatchError('LOG_NOT_A_LOG', message)
    }
    requireColumns(db, file)
    return createReader(db, file)
  })
}

/**
 * Open the log for appending. A missing log is created, an older one is migrated to this version.
 * After disposal the log is a single file without a write-ahead log, readable in a read-only folder.
 *
 * @throws LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE, LOG_BROKEN, LOG_HELD, FILE_NOT_WRITABLE
 */
export function openLog(file: string): EventLog {
  const db = requireWritable(file, () => {
    makeFolder(dirname(file))
    return openWritable(file)
  })
  closingOnError(db, () =>
    requireWritable(file, () => {
      migrate(db, file)
      requireColumns(db, file)
      startWriteAheadLog(db, file)
      db.pragma('synchronous = FULL')
    }),
  )
  const { ino } = statSync(file)
  const writer = createWriter(db, file, () => {
    if (statSync(file, { throwIfNoEntry: false })?.ino === ino) return
    throw new MixmatchError(
      'LOG_LOST',
      `${file}: was deleted or replaced while it was open. Nothing more is appended to what nobody ` +
        'will find again: put the log back in its place and start again.',
    )
  })
  return {
    ...createReader(db, file),
    ...writer,
    [Symbol.dispose]() {
      writer[Symbol.dispose]()
      closeWritable(db)
    },
  }
}

/** A closed log leaves WAL mode. If a reader then runs a long query, SQLite cannot switch WAL mode on. */
function startWriteAheadLog(db: Database.Database, file: string): void {
  try {
    db.pragma('journal_mode = WAL')
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError) || !cause.code.startsWith('SQLITE_BUSY'))
      throw cause
    const message = `${file}: another process reads it. Try again when that has ended.`
    throw new MixmatchError('LOG_HELD', message, { cause })
  }
}
