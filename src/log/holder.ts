import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { makeFolder } from '../make-folder.js'
import { openWritable, requireWritable } from '../sqlite.js'

/**
 * Hold the exclusive right to append to a log and to write its views. Dispose the result to release
 * it. SQLite locks a file next to the log, so the kernel also releases it when the process ends.
 *
 * @param command which command holds it, e.g. `serve`: other processes show it in their error message
 * @throws LOG_HELD with the process that holds it; FILE_NOT_WRITABLE
 */
export function holdLog(file: string, command: string, pid = process.pid): Disposable {
  const db = requireWritable(file, () => {
    makeFolder(dirname(file))
    return openWritable(`${realFile(file)}-holder`, { timeout: 0 })
  })
  try {
    requireWritable(file, () => takeLock(db, command, pid))
  } catch (cause) {
    const isHeld = cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY')
    const by = isHeld ? describeHolder(db) : ''
    db.close()
    if (!isHeld) throw cause
    const message = `${file} is held by ${by}. Only one process may append to a log: stop that one first.`
    throw new MixmatchError('LOG_HELD', message, { cause })
  }
  return {
    [Symbol.dispose]() {
      db.close()
    },
  }
}

function takeLock(db: Database.Database, command: string, pid: number): void {
  db.pragma('journal_mode = WAL') // another process can read who holds it
  db.exec('create table if not exists holder (pid integer, host text, command text, since text)')
  db.exec('begin immediate; delete from holder')
  db.prepare('insert into holder values (?, ?, ?, ?)').run(
    pid,
    hostname(),
    command,
    new Date().toISOString(),
  )
  db.exec('commit; begin immediate')
}

/** Resolve symbolic links: all paths to one log must lead to one lock. */
function realFile(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return join(realpathSync(dirname(file)), basename(file)) // the log does not exist yet
  }
}

interface HolderRow {
  readonly pid: number
  readonly host: string
  readonly command: string
  readonly since: string
}

function describeHolder(db: Database.Database): string {
  try {
    const row = db.prepare<[], HolderRow>('select * from holder').get()
    if (row)
      return `"mixmatch ${row.command}", process ${row.pid} on ${row.host}, since ${row.since}`
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
  }
  return 'another process that is just starting'
}
