import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { Event, RecordedEvent } from '../event/event.js'
import { kindCode, resourceTypeCode, sourceCode, storeId } from '../event/stored.js'
import { type Micros, type Position, position } from '../ids.js'
import { chain, GENESIS } from './chain.js'
import { compress } from './payload.js'
import { type EventRow, readRow, selectEvents } from './rows.js'
import { checkVersion, migrate } from './schema.js'

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
   * @param recordedAt when the batch was received
   */
  append(events: readonly Event[], recordedAt: Micros): Appended
  /**
   * Continue the log with events of another copy of it, places, times and hashes included.
   *
   * @throws LOG_BROKEN where an event does not follow on the log's head; nothing is appended then
   */
  restore(events: readonly RecordedEvent[]): void
}

/**
 * Open the log for reading.
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
  const db = openDatabase(file, { readonly: true })
  if (closingOnError(db, () => checkVersion(db, file)) === 0) {
    db.close()
    throw new MixmatchError('LOG_NOT_A_LOG', `${file}: expected an event log, found an empty file.`)
  }
  return reader(db, file)
}

/**
 * Open the log for appending; an absent one is begun, an older one brought to this version.
 *
 * @throws LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE
 */
export function openLog(file: string): EventLog {
  mkdirSync(dirname(file), { recursive: true })
  const db = openDatabase(file)
  closingOnError(db, () => migrate(db, file))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  return { ...reader(db, file), ...writer(db, file) }
}

const newestRow = 'select position, hash from payloads order by position desc limit 1'

function openDatabase(file: string, options?: Database.Options): Database.Database {
  try {
    const db = new Database(file, options)
    closingOnError(db, () => db.pragma('user_version'))
    db.pragma('busy_timeout = 5000')
    return db
  } catch (cause) {
    if (cause instanceof Database.SqliteError && cause.code === 'SQLITE_NOTADB') {
      throw new MixmatchError(
        'LOG_NOT_A_LOG',
        `${file}: expected an event log, found another kind of file.`,
        {
          cause,
        },
      )
    }
    throw cause
  }
}

function closingOnError<Result>(db: Database.Database, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    db.close()
    throw error
  }
}

function reader(db: Database.Database, file: string): LogReader {
  const newest = db.prepare<[], { position: number; hash: Buffer }>(newestRow)
  const between = db.prepare<[number, number], EventRow>(
    `${selectEvents} where e.position > ? and e.position <= ? order by e.position`,
  )
  const one = db.prepare<[number], EventRow>(`${selectEvents} where e.position = ?`)
  const dictionaryOf = dictionaries(db)
  return {
    file,
    db,
    head() {
      const row = newest.get()
      return row
        ? { position: position(row.position), hash: row.hash.toString('hex') }
        : { position: position(0), hash: GENESIS }
    },
    *read({ after = position(0), upTo = position(Number.MAX_SAFE_INTEGER) } = {}) {
      for (const row of between.iterate(after, upTo))
        yield readRow(row, dictionaryOf(row.dictionary))
    },
    get(at) {
      const row = one.get(at)
      return row && readRow(row, dictionaryOf(row.dictionary))
    },
    [Symbol.dispose]() {
      db.close()
    },
  }
}

function writer(db: Database.Database, file: string): Pick<EventLog, 'append' | 'restore'> {
  const insert = inserter(db)
  const newest = db.prepare<[], { position: number; hash: Buffer }>(newestRow)

  function append(events: readonly Event[], recordedAt: Micros): Appended {
    const last = newest.get()
    let previous = last?.hash.toString('hex') ?? GENESIS
    let at = position(last?.position ?? 0)
    const recorded: RecordedEvent[] = []
    for (const event of events) {
      const next = position(at + 1)
      const hash = chain(previous, next, recordedAt, event)
      const entry = { ...event, position: next, recordedAt, hash }
      if (!insert(entry)) continue
      recorded.push(entry)
      previous = hash
      at = next
    }
    return { recorded, duplicates: events.length - recorded.length }
  }

  function restore(events: readonly RecordedEvent[]): void {
    const last = newest.get()
    let previous = last?.hash.toString('hex') ?? GENESIS
    for (const event of events) {
      const expected = chain(previous, event.position, event.recordedAt, event)
      if (event.hash !== expected || !insert(event)) {
        throw new MixmatchError(
          'LOG_BROKEN',
          `${file}: event ${event.position} does not continue this log: its hash is ${event.hash}, ` +
            `after its predecessor it would be ${expected}. Nothing of this batch was imported.`,
        )
      }
      previous = event.hash
    }
  }

  return { append: db.transaction(append).immediate, restore: db.transaction(restore).immediate }
}

/** Put one event in its place; false where the log has it already. */
function inserter(db: Database.Database): (event: RecordedEvent) => boolean {
  const words = {
    serviceProvider: interned(db, 'service_providers', ['name']),
    eventType: interned(db, 'event_types', ['name']),
    project: interned(db, 'projects', ['name']),
    origin: interned(db, 'origins', ['source', 'exchange', 'routing_key', 'envelope']),
  }
  const dictionary = db
    .prepare<[], { id: number; bytes: Buffer }>(
      'select id, bytes from dictionaries order by id desc limit 1',
    )
    .get()
  if (!dictionary) throw new MixmatchError('LOG_BROKEN', 'the event log has lost its dictionary.')
  const insertEvent = db.prepare(
    `insert into events (position, service_provider, origin, event_type, kind, recorded_at,
      emitted_at, message_id, resource_type, resource_id, project, parent)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertPayload = db.prepare(
    'insert into payloads (position, hash, dictionary, body) values (?, ?, ?, ?)',
  )
  return event => {
    const { resource, wire, project, parent } = event
    const { changes } = insertEvent.run(
      event.position,
      words.serviceProvider(event.serviceProvider),
      words.origin(sourceCode(event.source), wire.exchange, wire.routingKey, wire.envelope),
      words.eventType(event.eventType),
      kindCode(event.kind),
      event.recordedAt,
      event.emittedAt,
      storeId(event.messageId),
      resource && resourceTypeCode(resource.type),
      resource && storeId(resource.id),
      project === null ? null : words.project(project),
      parent === null ? null : storeId(parent),
    )
    if (changes === 0) return false
    const body = compress(event.body, dictionary.bytes)
    insertPayload.run(event.position, Buffer.from(event.hash, 'hex'), dictionary.id, body)
    return true
  }
}

/** Give every word its number, a new one the next. Not remembered here: a batch may be rolled back. */
function interned(db: Database.Database, table: string, columns: readonly string[]) {
  const where = columns.map(column => `${column} = ?`).join(' and ')
  const find = db.prepare<unknown[], number>(`select id from ${table} where ${where}`).pluck()
  const add = db
    .prepare<unknown[], number>(
      `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')}) returning id`,
    )
    .pluck()
  return (...word: readonly (string | number)[]): number => {
    const id = find.get(...word) ?? add.get(...word)
    if (id === undefined) throw new RangeError(`no id for ${word.join(' ')} in ${table}`)
    return id
  }
}

function dictionaries(db: Database.Database): (id: number) => Buffer {
  const find = db.prepare<[number], Buffer>('select bytes from dictionaries where id = ?').pluck()
  const known = new Map<number, Buffer>()
  return id => {
    const bytes = known.get(id) ?? find.get(id)
    if (!bytes)
      throw new MixmatchError('LOG_BROKEN', `dictionary ${id} is missing from the event log.`)
    known.set(id, bytes)
    return bytes
  }
}
