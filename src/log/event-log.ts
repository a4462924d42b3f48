import type Database from 'better-sqlite3'
import type { Event, RecordedEvent } from '../event/event.js'
import type { Micros, Position } from '../ids.js'

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
interface Range {
  readonly after?: Position
  readonly upTo?: Position
}

/** The log, open for reading. Any number of processes may read while one appends. */
export interface LogReader extends Disposable {
  readonly file: string
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
   * @throws LOG_LOST where the file is not in its place any more
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
