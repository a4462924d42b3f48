import { createHash } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { Position } from '../ids.js'
import { dictionary } from './dictionary.js'
import { surplusInIndexes } from './index-check.js'
import { expectedSchema, readSchema } from './schema.js'
import { strangeWords, type WordCounts, wordTables } from './words.js'

/** What a file has that the walk over its events does not see: each as a sentence. */
export function problemsOfFile(db: Database): string[] {
  return [...problemsOfSchema(db), ...problemsOfDictionaries(db), ...problemsOfBase(db)]
}

/** What a walk came to: from after `after` to `reached`, of what there was up to `upTo`. */
interface Walked {
  readonly after: Position
  readonly reached: Position
  readonly upTo: Position
}

/**
 * What the tables have beside the events that hold.
 *
 * @param words those that these events and the ones before them use; null where that is not known
 */
export function problemsOfRows(db: Database, walked: Walked, words: WordCounts | null): string[] {
  return [
    ...problemsOfPairs(db, walked),
    ...surplusInIndexes(db),
    ...strangeWords(db, words),
    ...Object.keys(wordTables).flatMap(table => damages(db, table)),
  ]
}

/** The schema is what makes the file append-only: more in it, or less, and it could be edited unnoticed. */
function problemsOfSchema(db: Database): string[] {
  const expected = new Map(expectedSchema().map(item => [item.name, item]))
  const found = readSchema(db)
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

/** SHA-256 of the dictionaries that logs were ever begun with. This list only grows. */
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
 * Rows of `events` and `payloads` that stand in one of them only. The walk has seen both for every
 * position of its range: so it is enough to look before it and behind it.
 */
function problemsOfPairs(db: Database, { after, reached, upTo }: Walked): string[] {
  const lone = db.prepare<[object], { table: string; position: number }>(`
    select 'events' as "table", position from main.events where position <= :after
      or (position > :reached and position <= :upTo)
      or position > (select ifnull(max(position), 0) from main.payloads)
    union all
    select 'payloads', position from main.payloads where position <= :after
      or (position > :reached and position <= :upTo)
    order by position limit 10`)
  return lone
    .all({ after, reached, upTo })
    .map(({ table, position }) => `row ${position} of ${table} stands there alone`)
}

/** What SQLite itself finds wrong with a table and its indexes. */
function damages(db: Database, table: string): string[] {
  const found = db.prepare<[], string>(`pragma main.integrity_check('${table}')`).pluck().all()
  return found.filter(text => text !== 'ok').map(text => `${table}: ${text}`)
}
