import { chmodSync, closeSync, fchmodSync, openSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { MixmatchError } from './errors.js'

/** Only Mixmatch's own user and group may read, for any umask: payloads contain projects and users. */
const MODE = 0o640
const OTHERS = 0o007

/**
 * Open an SQLite file for writing; a missing one is created. SQLite gives its other files, such as the
 * write-ahead log, the same mode.
 *
 * @throws FILE_NOT_WRITABLE; FILE_NOT_READABLE; LOG_NOT_A_LOG if the file is not a database; LOG_BROKEN
 */
export function openWritable(file: string, options?: Database.Options): Database.Database {
  return requireWritable(file, () => {
    removeOthersAccess(file)
    return open(file, options)
  })
}

/**
 * Open an existing SQLite file for reading.
 *
 * @throws LOG_NOT_A_LOG if the file is not a database; LOG_BROKEN; FILE_NOT_READABLE
 */
export function openReadable(file: string): Database.Database {
  try {
    return open(file, { readonly: true, fileMustExist: true })
  } catch (cause) {
    if (!isSqliteError(cause, /^SQLITE_(CANTOPEN|READONLY)/)) throw cause
    throw new MixmatchError(
      'FILE_NOT_READABLE',
      `${file}: cannot be read by this user (${cause.message}). If its permissions allow it, the file ` +
        'was not closed at its last use, and reading it needs a folder that can be written to: copy the file, with ' +
        'its -wal if there is one, into such a folder.',
      { cause },
    )
  }
}

/** Open an SQLite file, run a query and close the file. Throws as `openReadable`. */
export function query<Result>(file: string, ask: (db: Database.Database) => Result): Result {
  const db = openReadable(file)
  try {
    return ask(db)
  } finally {
    db.close()
  }
}

/**
 * Close a file that was open for writing, and remove the write-ahead log. Then it can be read in a folder
 * without write access. If other processes have it open, it is only closed.
 */
export function closeWritable(db: Database.Database): void {
  try {
    db.pragma('busy_timeout = 0')
    db.pragma('main.journal_mode = DELETE') // not of an attached file
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
  } finally {
    db.close()
  }
}

/**
 * Run a function that writes a file.
 *
 * @throws FILE_NOT_WRITABLE with the name of the file if the system does not allow it
 */
export function requireWritable<Result>(file: string, write: () => Result): Result {
  try {
    return write()
  } catch (cause) {
    const isRefused =
      isSqliteError(cause, /^SQLITE_(CANTOPEN|READONLY|PERM)/) ||
      (cause instanceof Error && 'code' in cause && accessErrors.has(cause.code))
    if (!isRefused) throw cause
    throw new MixmatchError(
      'FILE_NOT_WRITABLE',
      `${file}: cannot be written (${cause instanceof Error ? cause.message : cause}). Expected a ` +
        'file in a folder that this user may write to, on a file system that is not read-only.',
      { cause },
    )
  }
}

const accessErrors: ReadonlySet<unknown> = new Set([
  'ENOENT',
  'EROFS',
  'EACCES',
  'EPERM',
  'ENOTDIR',
])

export function closingOnError<Result>(db: Database.Database, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    db.close()
    throw error
  }
}

function open(file: string, options?: Database.Options): Database.Database {
  const db = namingFile(file, () => new Database(file, options))
  return closingOnError(db, () => {
    namingFile(file, () => db.prepare('select count(*) from sqlite_schema').get())
    return db
  })
}

function namingFile<Result>(file: string, read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    if (isSqliteError(cause, /^SQLITE_CORRUPT/)) {
      const message = `${file}: is damaged (${cause.message}). Take another copy of it.`
      throw new MixmatchError('LOG_BROKEN', message, { cause })
    }
    if (isSqliteError(cause, /^SQLITE_IOERR/)) {
      const what = statSync(file).isDirectory() ? 'it is a folder' : cause.message
      const message = `${file}: cannot be read (${what}). Expected a file on a disk that works.`
      throw new MixmatchError('FILE_NOT_READABLE', message, { cause })
    }
    if (!isSqliteError(cause, /^SQLITE_NOTADB$/)) throw cause
    throw new MixmatchError(
      'LOG_NOT_A_LOG',
      `${file}: expected an event log, found another kind of file.`,
      { cause },
    )
  }
}

/** Remove the access of other users. Never open an existing file here: closing it would release this process's locks. */
function removeOthersAccess(file: string): void {
  const { mode } = statSync(file, { throwIfNoEntry: false }) ?? create(file)
  if ((mode & OTHERS) === 0) return
  for (const each of [file, `${file}-wal`, `${file}-shm`]) {
    const stat = statSync(each, { throwIfNoEntry: false })
    if (stat) chmodSync(each, stat.mode & ~OTHERS)
  }
}

function create(file: string): { readonly mode: number } {
  const descriptor = openSync(file, 'ax', MODE)
  fchmodSync(descriptor, MODE)
  closeSync(descriptor)
  return { mode: MODE }
}

function isSqliteError(
  error: unknown,
  code: RegExp,
): error is InstanceType<typeof Database.SqliteError> {
  return error instanceof Database.SqliteError && code.test(error.code)
}
