import type { Database } from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { RecordedEvent } from '../event/event.js'
import { kindCode, resourceTypeCode, type StoredId, sourceCode, storeId } from '../event/stored.js'
import { compressPayload } from './compress-payload.js'
import { prepareWordNumbers } from './word-numbers.js'

/** The preset dictionary of a log, with its number in the file. */
interface Dictionary {
  readonly id: number
  readonly bytes: Buffer
}

/** The dictionary that new payloads of this log use. @throws LOG_BROKEN if it has none */
export function readDictionary(db: Database): Dictionary {
  const dictionary = db
    .prepare<[], Dictionary>('select id, bytes from dictionaries order by id desc limit 1')
    .get()
  if (!dictionary) throw new MixmatchError('LOG_BROKEN', 'the event log has lost its dictionary.')
  return dictionary
}

/** Inserts events into an open log. */
interface EventInserter {
  /**
   * @param payload its compressed body; compressed here by default
   * @returns false if the log has the event already
   */
  insert(event: RecordedEvent, payload?: Uint8Array): boolean
  /** To be called when a transaction has failed. */
  forgetWords(): void
}

/** @param dictionary for compressing payloads */
export function prepareInsertEvent(db: Database, dictionary: Dictionary): EventInserter {
  const serviceProviders = prepareWordNumbers(db, 'service_providers', ['name'])
  const eventTypes = prepareWordNumbers(db, 'event_types', ['name'])
  const projects = prepareWordNumbers(db, 'projects', ['name'])
  const origins = prepareWordNumbers(db, 'origins', [
    'source',
    'exchange',
    'routing_key',
    'envelope',
  ])
  const insertEvent = db.prepare(
    `insert into events (position, service_provider, origin, event_type, kind, recorded_at,
      emitted_at, message_id, resource_type, resource_id, project, parent)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertPayload = db.prepare(
    'insert into payloads (position, hash, dictionary, body) values (?, ?, ?, ?)',
  )
  const findMessage = db
    .prepare<[StoredId, string], number>(`
      select 1 from events where message_id = ? and service_provider =
        (select id from service_providers where name = ?)`)
    .pluck()

  function insert(event: RecordedEvent, payload?: Uint8Array): boolean {
    const { resource, wire, project, parent, serviceProvider } = event
    const messageId = storeId(event.messageId)
    const origin = [sourceCode(event.source), wire.exchange, wire.routingKey, wire.envelope]
    const isKnown = () => findMessage.get(messageId, serviceProvider) === 1
    const hasNewWord = !(
      serviceProviders.has(serviceProvider) &&
      origins.has(...origin) &&
      eventTypes.has(event.eventType) &&
      (project === null || projects.has(project))
    )
    // Check this before its words get numbers: the log must not contain words that no event uses.
    if (hasNewWord && isKnown()) return false
    const { changes } = insertEvent.run(
      event.position,
      serviceProviders.numberOf(serviceProvider),
      origins.numberOf(...origin),
      eventTypes.numberOf(event.eventType),
      kindCode(event.kind),
      event.recordedAt,
      event.emittedAt,
      messageId,
      resource && resourceTypeCode(resource.type),
      resource && storeId(resource.id),
      project === null ? null : projects.numberOf(project),
      parent === null ? null : storeId(parent),
    )
    if (changes === 0) {
      if (isKnown()) return false
      throw new MixmatchError(
        'LOG_BROKEN',
        `${db.name}: did not take event ${event.position}: its triggers were changed. ` +
          'Run "mixmatch log verify" on it.',
      )
    }
    const body = payload ?? compressPayload(event.body, dictionary.bytes)
    insertPayload.run(event.position, Buffer.from(event.hash, 'hex'), dictionary.id, body)
    return true
  }

  return {
    insert,
    forgetWords() {
      for (const words of [serviceProviders, eventTypes, projects, origins]) words.forget()
    },
  }
}
