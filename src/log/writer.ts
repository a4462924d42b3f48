import type { Database } from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { Event, RecordedEvent } from '../event/event.js'
import { kindCode, resourceTypeCode, sourceCode, storeId } from '../event/stored.js'
import { toWellFormed } from '../event/well-formed.js'
import { type Micros, micros, position } from '../ids.js'
import { chain } from './chain.js'
import type { Appended, EventLog, StreamedEvent } from './event-log.js'
import { type Followed, prepareFollowed } from './followed.js'
import { compress } from './payload.js'
import { prepareHead } from './reader.js'

/** Create the functions that append to an open log. */
export function createWriter(
  db: Database,
  file: string,
): Pick<EventLog, 'append' | 'follow' | 'restore'> {
  const insert = prepareInsertEvent(db)
  const newest = prepareHead(db)
  const saveFollowed = prepareFollowed(db)
  const lastRecorded = db
    .prepare<[], number>('select recorded_at from events order by position desc limit 1')
    .pluck()

  function append(events: readonly Event[], received: Micros): Appended {
    return appendEach(events.map(event => ({ event, recordedAt: received })))
  }

  function follow(
    entries: readonly StreamedEvent[],
    followed: Omit<Followed, 'position'>,
  ): Appended {
    const appended = appendEach(entries)
    saveFollowed({ ...followed, position: newest().position })
    return appended
  }

  function appendEach(entries: readonly StreamedEvent[]): Appended {
    let { hash: previous, position: at } = newest()
    let newestTime = lastRecorded.get() ?? 0
    const recorded: RecordedEvent[] = []
    for (const { event: given, recordedAt: received } of entries) {
      const event = toWellFormed(given)
      // If a clock was set back, recorded times must still be in the order of positions.
      const recordedAt = micros(Math.max(received ?? newestTime, newestTime))
      const next = position(at + 1)
      const hash = chain(previous, next, recordedAt, event)
      const entry = { ...event, position: next, recordedAt, hash }
      if (!insert(entry)) continue
      recorded.push(entry)
      previous = hash
      at = next
      newestTime = recordedAt
    }
    return { recorded, duplicates: entries.length - recorded.length }
  }

  function restore(events: readonly RecordedEvent[]): void {
    let { hash: previous } = newest()
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

  return {
    append: db.transaction(append).immediate,
    follow: db.transaction(follow).immediate,
    restore: db.transaction(restore).immediate,
  }
}

/** Prepare to insert one event. The function returns false if the log has the event already. */
function prepareInsertEvent(db: Database): (event: RecordedEvent) => boolean {
  const words = {
    serviceProvider: prepareWordNumber(db, 'service_providers', ['name']),
    eventType: prepareWordNumber(db, 'event_types', ['name']),
    project: prepareWordNumber(db, 'projects', ['name']),
    origin: prepareWordNumber(db, 'origins', ['source', 'exchange', 'routing_key', 'envelope']),
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
  const known = db.prepare(`
    select 1 from events where message_id = ? and service_provider =
      (select id from service_providers where name = ?)`)
  return event => {
    const { resource, wire, project, parent } = event
    // Check this before its words get numbers: the log must not contain words that no event uses.
    if (known.get(storeId(event.messageId), event.serviceProvider)) return false
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
    if (changes === 0) {
      throw new MixmatchError(
        'LOG_BROKEN',
        `${db.name}: did not take event ${event.position}: its triggers were changed. ` +
          'Run "mixmatch log verify" on it.',
      )
    }
    const body = compress(event.body, dictionary.bytes)
    insertPayload.run(event.position, Buffer.from(event.hash, 'hex'), dictionary.id, body)
    return true
  }
}

/** Find the number of a word, or give it the next one. No cache: a batch may be rolled back. */
function prepareWordNumber(db: Database, table: string, columns: readonly string[]) {
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
