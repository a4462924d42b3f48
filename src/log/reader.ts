import type { Database } from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { type StoredId, storeId } from '../event/stored.js'
import { position } from '../ids.js'
import { GENESIS } from './chain.js'
import type { Head, LogReader } from './event-log.js'
import { readFollowed } from './followed.js'
import { decompressBody } from './payload.js'
import { type EventRow, eventsSql, readRow } from './rows.js'

/** Create a reader of an open log file. Disposing the reader closes the file. */
export function createReader(db: Database, file: string): LogReader {
  const newest = prepareHead(db)
  const between = db.prepare<[number, number], EventRow>(
    `${eventsSql} where e.position > ? and e.position <= ? order by e.position`,
  )
  const one = db.prepare<[number], EventRow>(`${eventsSql} where e.position = ?`)
  const found = db
    .prepare<[StoredId, string], number>(
      `select position from main.events where message_id = ? and service_provider =
        (select id from main.service_providers where name = ?)`,
    )
    .pluck()
  const dictionaryOf = dictionaries(db)
  const bodyOf = (row: EventRow) => decompressBody(row.body, dictionaryOf(row.dictionary))
  return {
    file,
    db,
    base: () => baseOf(db),
    head: newest,
    *read({ after = position(0), upTo = position(Number.MAX_SAFE_INTEGER) } = {}) {
      for (const row of between.iterate(after, upTo)) yield readRow(row, bodyOf(row))
    },
    get(at) {
      const row = one.get(at)
      return row && readRow(row, bodyOf(row))
    },
    find(serviceProvider, messageId) {
      const at = found.get(storeId(messageId), serviceProvider)
      return at === undefined ? null : position(at)
    },
    followed: () => readFollowed(db),
    [Symbol.dispose]: () => db.close(),
  }
}

interface HeadRow {
  readonly position: number
  readonly hash: Buffer
}

const BEGINNING: Head = { position: position(0), hash: GENESIS }

/** A function that reads the current head of a log. The head of an empty log is its base. */
export function prepareHead(db: Database): () => Head {
  const newest = db.prepare<[], HeadRow>(
    'select position, hash from main.payloads order by position desc limit 1',
  )
  return () => {
    const row = newest.get()
    return row ? readHead(row) : baseOf(db)
  }
}

function baseOf(db: Database): Head & { readonly archive?: string } {
  const row = db
    .prepare<[], HeadRow & { readonly archive: string }>(
      'select position, hash, archive from main.base',
    )
    .get()
  return row ? { ...readHead(row), archive: row.archive } : BEGINNING
}

function readHead(row: HeadRow): Head {
  return { position: position(row.position), hash: row.hash.toString('hex') }
}

/** Look up dictionaries by their number. @throws LOG_BROKEN if there is no dictionary of that number */
export function dictionaries(db: Database): (id: number) => Buffer {
  const find = db
    .prepare<[number], Buffer>('select bytes from main.dictionaries where id = ?')
    .pluck()
  const known = new Map<number, Buffer>()
  return id => {
    const bytes = known.get(id) ?? find.get(id)
    if (!bytes)
      throw new MixmatchError('LOG_BROKEN', `dictionary ${id} is missing from the event log.`)
    known.set(id, bytes)
    return bytes
  }
}
