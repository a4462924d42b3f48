import { constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'

/** @throws LOG_NOT_A_LOG where the file is no database at all */
export function openWritable(file: string): Database.Database {
  return open(file, file)
}

/** A file that is open for reading. */
export interface Readable extends Disposable {
  readonly db: Database.Database
  /** Where it is really read: the file itself, or a copy that is gone once this is disposed. */
  readonly path: string
}

/**
 * Open a file for reading. SQLite needs two more files beside one in WAL mode, and where it cannot
 * make them, as on a read-only medium, a copy in the system's temporary folder is read instead.
 * Backups and archives are not in WAL mode and need no copy.
 *
 * @throws LOG_NOT_A_LOG where the file is no database at all
 */
export function openReadable(file: string): Readable {
  try {
    const db = openInPlace(file)
    return { db, path: file, [Symbol.dispose]: () => db.close() }
  } catch (error) {
    if (!cannotOpen(error)) throw error
    return openCopy(file)
  }
}

/** @throws LOG_NOT_A_LOG, and what SQLite says where it cannot be read as it lies there */
export function openInPlace(file: string): Database.Database {
  return open(file, file, { readonly: true })
}

function openCopy(file: string): Readable {
  const folder = mkdtempSync(join(tmpdir(), 'mixmatch-log-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const path = join(folder, 'events.db')
    copyFileSync(file, path, constants.COPYFILE_FICLONE)
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${path}-wal`)
    const db = open(path, file, { readonly: true })
    return {
      db,
      path,
      [Symbol.dispose]() {
        db.close()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

function open(path: string, name: string, options?: Database.Options): Database.Database {
  const db = new Database(path, options)
  return closingOnError(db, () => {
    try {
      db.pragma('user_version')
      db.pragma('busy_timeout = 5000')
      return db
    } catch (cause) {
      if (!(cause instanceof Database.SqliteError)) throw cause
      if (cause.code.startsWith('SQLITE_CORRUPT')) {
        const message = `${name}: is damaged (${cause.message}). Take another copy of the log.`
        throw new MixmatchError('LOG_BROKEN', message, { cause })
      }
      if (cause.code !== 'SQLITE_NOTADB') throw cause
      throw new MixmatchError(
        'LOG_NOT_A_LOG',
        `${name}: expected an event log, found another kind of file.`,
        { cause },
      )
    }
  })
}

export function closingOnError<Result>(db: Database.Database, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    db.close()
    throw error
  }
}

function cannotOpen(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CANTOPEN|READONLY)/.test(error.code)
}
