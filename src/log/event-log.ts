import type Database from 'better-sqlite3'
import type { Event, RecordedEvent } from '../event/event.js'
import type { Micros, Position, SpName } from '../ids.js'
import type { Followed } from './followed.js'

/** The newest position and its hash. An auditor notes it down, to check a later copy against it. */
export interface Head {
  readonly position: Position
  readonly hash: string
}

/** The result of appending a batch. */
export interface Appended {
  readonly recorded: readonly RecordedEvent[]
  /** How many events the log had already: same service provider and same message id. */
  readonly duplicates: number
}

/** An event from the stream of a fleet. Everything that is hashed comes from there, so all nodes have the same log. */
export interface StreamedEvent {
  readonly event: Event
  /** The log records this time, or its newest time if that is later. null: its newest time. */
  readonly recordedAt: Micros | null
  /** What `compress` returned for the event. Without it the log compresses it. */
  readonly payload?: Uint8Array
}

/** Which events to read: after `after`, up to and including `upTo`. */
interface Range {
  readonly after?: Position
  readonly upTo?: Position
}

/** The log, open for reading. Any number of processes may read while one appends. */
export interface LogReader extends Disposable {
  readonly file: string
  /** What comes before the first event here: 0 and 64 zeros, or the last event of the file `archive`. */
  base(): Head & { readonly archive?: string }
  head(): Head
  read(range?: Range): IterableIterator<RecordedEvent>
  get(at: Position): RecordedEvent | undefined
  /** The position of the event with this message id; null if there is none. */
  find(serviceProvider: SpName, messageId: string): Position | null
  /** How far it has followed the stream of a fleet; null for the log of a single machine. */
  followed(): Followed | null
  /** The read-only connection, for the queries of `verify` and `info`. */
  readonly db: Database.Database
}

/** The compressed bodies of events, in their order. Only `compress` makes them. */
export type Payloads = readonly Uint8Array[]

/** The log, open for appending: one process at a time (`holdLog`). */
export interface EventLog extends LogReader {
  /**
   * Compress the bodies of events for `append`, in a thread of its own. Without it `append` compresses them,
   * which takes a third of its time.
   *
   * @throws Error if the thread has ended. The next call starts another one
   */
  compress(events: readonly Pick<Event, 'body'>[]): Promise<Payloads>
  /**
   * Append the new events of a batch, in order, in one transaction. It is on the disk when this
   * returns (`synchronous=FULL`). On an error nothing is appended.
   *
   * @param received when the batch was received. The log records this time, or its newest time if
   *   that is later: recorded times never go backwards
   * @throws LOG_LOST if the file was deleted or replaced
   */
  append(events: readonly Event[], received: Micros, payloads?: Payloads): Appended
  /**
   * Append the new events of a stream, in order, and store how far the stream was followed: in one transaction.
   *
   * @throws LOG_LOST if the file was deleted or replaced
   */
  follow(entries: readonly StreamedEvent[], followed: Omit<Followed, 'position'>): Appended
  /**
   * Append events of another copy of this log. They keep their positions, times and hashes.
   *
   * @throws LOG_BROKEN if an event does not follow the previous one. Then nothing is appended
   */
  restore(events: readonly RecordedEvent[]): void
}
