import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import type { Position } from '../ids.js'
import { dictionary } from './dictionary.js'
import { followedTable } from './followed.js'
import { surplusInIndexes } from './index-check.js'
import { expectedSchema, readSchema } from './schema.js'
import { foreignWords, type WordCounts, wordTables } from './words.js'

/** Problems of a file that verifying its events does not find. One sentence each. */
export function problemsOfFile(db: Database, file: string): string[] {
  return [
    ...problemsOfSchema(db),
    ...problemsOfDictionaries(db),
    ...problemsOfBase(db),
    ...problemsOfSize(db, file),
  ]
}

/** The verified range: events after `after` up to `reached` are valid, `upTo` was the last one to verify. */
interface Walked {
  readonly after: Position
  readonly reached: Position
  readonly upTo: Position
}

/**
 * Problems of rows that belong to no valid event.
 *
 * @param words the words that these and all earlier events use; null if unknown
 */
export function problemsOfRows(db: Database, walked: Walked, words: WordCounts | null): string[] {
  return [
    ...problemsOfPairs(db, walked),
    ...surplusInIndexes(db),
    ...foreignWords(db, words),
    ...Object.keys(wordTables).flatMap(table => damages(db, table)),
  ]
}

/** The schema makes the file append-only. With any other schema it could be edited unnoticed. */
function problemsOfSchema(db: Database): string[] {
  const expected = new Map(expectedSchema().map(item => [item.name, item]))
  const found = readSchema(db).filter(({ sql }) => sql !== followedTable)
  const names = new Set(found.map(({ name }) => name))
  const missing = [...expected.values()]
    .filter(({ name }) => !names.has(name))
    .map(({ type, name }) => `the ${type} ${name} is missing: the file could be edited unnoticed`)
  const others = found.flatMap(({ type, name, tbl_name, sql }) => {
    const item = expected.get(name)
    if (!item) return [`the ${type} ${name} does not belong in a log`]
    const isSame = item.type === type && item.tbl_name === tbl_name && item.sql === sql
    return isSame ? [] : [`the ${type} ${name} was changed: the file could be edited unnoticed`]
  })
  return [...missing, ...others]
}

/** SHA-256 of all dictionaries that any version created logs with. Never remove one. */
const knownDictionaries: ReadonlySet<string> = new Set([digestOf(dictionary)])

function problemsOfDictionaries(db: Database): string[] {
  const rows = db
    .prepare<[], { id: number; bytes: Buffer }>('select id, bytes from main.dictionaries')
    .all()
  const changed = rows
    .filter(({ bytes }) => !knownDictionaries.has(digestOf(bytes)))
    .map(({ id }) => `dictionary ${id} is none that logs are made with`)
  const surplus = rows.slice(1).map(({ id }) => `dictionary ${id} does not belong in this log`)
  const isFirst = rows[0] === undefined || rows[0].id === 1
  return [...changed, ...surplus, ...(isFirst ? [] : ['the dictionary has not the number 1'])]
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface BaseRow {
  readonly position: number
  readonly hash: Buffer
  readonly archive: string
}

function problemsOfBase(db: Database): string[] {
  const [base, ...others] = db.prepare<[], BaseRow>('select * from main.base').all()
  if (others.length > 0) return ['it begins after more than one archive']
  if (base === undefined) return []
  const last = /-\d{9,}-(\d{9,})\.db$/.exec(base.archive)?.[1]
  return base.position > 0 && Number(last) === base.position && base.hash.length === 32
    ? []
    : [`its archive ${base.archive} is none that ends with event ${base.position}`]
}

/**
 * Bytes after the last page: SQLite ignores them. The size is read before the number of pages, because a
 * recorder can add pages in between. Pages in the write-ahead log count, so bytes at the place where
 * these will be written are not found.
 */
function problemsOfSize(db: Database, file: string): string[] {
  const { size } = statSync(file)
  const sizeOfPages = db
    .prepare<[], number>('select page_count * page_size from pragma_page_count, pragma_page_size')
    .pluck()
    .get()
  const surplus = size - (sizeOfPages ?? 0)
  return surplus > 0 ? [`${surplus} bytes after the last page do not belong in a log`] : []
}

/**
 * Positions that only one of `events` and `payloads` has. The verified range has a row in both for
 * each position, so this looks only before it and after it.
 */
function problemsOfPairs(db: Database, { after, reached, upTo }: Walked): string[] {
  const unpaired = db.prepare<[object], { table: string; position: number }>(`
    select 'events' as "table", position from main.events where position <= :after
      or (position > :reached and position <= :upTo)
      or position > (select ifnull(max(position), 0) from main.payloads)
    union all
    select 'payloads', position from main.payloads where position <= :after
      or (position > :reached and position <= :upTo)
    order by position limit 10`)
  return unpaired
    .all({ after, reached, upTo })
    .map(({ table, position }) => `row ${position} of ${table} stands there alone`)
}

/** Damage that SQLite itself finds in a table and its indexes. */
function damages(db: Database, table: string): string[] {
  const found = db.prepare<[], string>(`pragma main.integrity_check('${table}')`).pluck().all()
  return found.filter(text => text !== 'ok').map(text => `${table}: ${text}`)
}
