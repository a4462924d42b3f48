import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { Event, RecordedEvent } from '../event/event.js'
import type { Micros, Position } from '../ids.js'
import { closingOnError, openReadable, openWritable } from './file.js'
import { reader } from './reader.js'
import { checkVersion, migrate } from './schema.js'
import { writer } from './writer.js'

/** The newest position and its hash: what an auditor notes down to check a later copy against. */
export interface Head {
  readonly position: Position
  readonly hash: string
}

/** What a batch came to. */
export interface Appended {
  readonly recorded: readonly RecordedEvent[]
  /** Events that the log had already, by service provider and message id. */
  readonly duplicates: number
}

/** Which events to read: positions from (exclusive) to (inclusive). */
export interface Range {
  readonly after?: Position
  readonly upTo?: Position
}

/** The log, open for reading. Any number of processes may read while one appends. */
export interface LogReader extends Disposable {
  readonly file: string
  /** Where its bytes are read: the file itself, but for one on a medium that cannot be written to. */
  readonly path: string
  /** What the first event here follows: 0 and 64 zeros, or the last event of the file `archive`. */
  base(): Head & { readonly archive?: string }
  head(): Head
  read(range?: Range): IterableIterator<RecordedEvent>
  get(at: Position): RecordedEvent | undefined
  /** The connection, for the questions of `verify` and `info`; it refuses to write. */
  readonly db: Database.Database
}

/** The log, open for appending: one process at a time (`holdLog`). */
export interface EventLog extends LogReader {
  /**
   * Append what is new of a batch in its order, in one transaction that is on the disk when this
   * returns (`synchronous=FULL`). All of it or, on an error, nothing.
   *
   * @param received when the batch was received: its time in the log, which never runs backwards
   */
  append(events: readonly Event[], received: Micros): Appended
  /**
   * Continue the log with events of another copy of it, places, times and hashes included.
   *
   * @throws LOG_BROKEN where an event does not follow on the log's head; nothing is appended then
   */
  restore(events: readonly RecordedEvent[]): void
}

/**
 * Open the log for reading. It may be a copy on a medium that cannot be written to.
 *
 * @throws LOG_NOT_FOUND, LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE
 */
export function openLogReader(file: string): LogReader {
  if (!existsSync(file)) {
    throw new MixmatchError(
      'LOG_NOT_FOUND',
      `${file}: no event log there. Name it with --log, or start "mixmatch record" to begin one.`,
    )
  }
  const readable = openReadable(file)
  try {
    if (checkVersion(readable.db, file) > 0) return reader(readable, file)
    throw new MixmatchError('LOG_NOT_A_LOG', `${file}: expected an event log, found an empty file.`)
  } catch (error) {
    readable[Symbol.dispose]()
    throw error
  }
}

/**
 * Open the log for appending; an absent one is begun, an older one brought to this version.
 *
 * @throws LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE
 */
export function openLog(file: string): EventLog {
  mkdirSync(dirname(file), { recursive: true })
  const db = openWritable(file)
  closingOnError(db, () => migrate(db, file))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  const writable = { db, path: file, [Symbol.dispose]: () => db.close() }
  return { ...reader(writable, file), ...writer(db, file) }
}
