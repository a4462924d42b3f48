import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'

/**
 * Hold the right to append to a log, until disposed or until this process ends in any way: the
 * lock is SQLite's own on a file beside the log, and the kernel lets go of it with the process.
 *
 * @param command what holds it, for the message that another one gets, e.g. `serve`
 * @throws LOG_HELD saying who holds it
 */
export function holdLog(file: string, command: string, pid = process.pid): Disposable {
  mkdirSync(dirname(file), { recursive: true })
  const db = new Database(`${file}-holder`, { timeout: 0 })
  try {
    db.pragma('journal_mode = WAL') // readable by the one that is refused
    db.exec('create table if not exists holder (pid integer, host text, command text, since text)')
    db.exec('begin immediate; delete from holder')
    db.prepare('insert into holder values (?, ?, ?, ?)').run(
      pid,
      hostname(),
      command,
      new Date().toISOString(),
    )
    db.exec('commit; begin immediate')
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError) || !cause.code.startsWith('SQLITE_BUSY'))
      throw cause
    const message = `${file} is held by ${holder(db)}. Only one process may append to a log: stop that one first.`
    db.close()
    throw new MixmatchError('LOG_HELD', message, { cause })
  }
  return {
    [Symbol.dispose]() {
      db.close()
    },
  }
}

interface HolderRow {
  readonly pid: number
  readonly host: string
  readonly command: string
  readonly since: string
}

function holder(db: Database.Database): string {
  try {
    const row = db.prepare<[], HolderRow>('select * from holder').get()
    if (row)
      return `"mixmatch ${row.command}", process ${row.pid} on ${row.host}, since ${row.since}`
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
  }
  return 'another process that is just starting'
}
