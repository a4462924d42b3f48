import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { position } from '../ids.js'
import type { LogReader } from './event-log.js'
import { openLogReader } from './open-log.js'

/**
 * One history in several files, oldest first. Each file continues the previous one: it begins after
 * the last event of that file.
 */
export interface History extends LogReader {
  readonly parts: readonly LogReader[]
}

/**
 * Open one history from its files, in any order, or from folders that contain them. Earlier archives
 * are also opened if they are in the folder of the oldest file. A file is ignored if another file
 * has all its events. In `db` the views `events` and `payloads` show the rows of all files.
 *
 * @throws LOG_BROKEN if the files are not of one history, or a file between them is missing
 */
export function openHistory(given: readonly string[]): History {
  const opened: LogReader[] = []
  try {
    for (const file of given.flatMap(logsIn)) opened.push(openLogReader(file))
    const parts = orderParts(opened, given)
    for (let archive = openArchive(parts[0]); archive; archive = openArchive(parts[0])) {
      opened.push(archive)
      rejectUnchained(archive, parts[0] ?? archive)
      parts.unshift(archive)
    }
    return joinParts(parts, () => close(opened))
  } catch (error) {
    close(opened)
    throw error
  }
}

/**
 * The files of one history, oldest first: the given logs and the archives before them.
 *
 * @throws as `openHistory`
 */
export function historyFiles(given: readonly string[]): string[] {
  using history = openHistory(given)
  return history.parts.map(({ file }) => file)
}

function close(logs: readonly LogReader[]): void {
  for (const log of logs) log[Symbol.dispose]()
}

function logsIn(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path]
  const files = readdirSync(path)
    .filter(name => name.endsWith('.db'))
    .map(name => join(path, name))
    .filter(isLog)
  if (files.length > 0) return files
  throw new MixmatchError(
    'LOG_NOT_FOUND',
    `${path}: expected event logs in this folder, found none.`,
  )
}

/** A folder with logs also contains their views, which are not logs. */
function isLog(file: string): boolean {
  try {
    openLogReader(file)[Symbol.dispose]()
    return true
  } catch (error) {
    if (error instanceof MixmatchError && error.code === 'LOG_NOT_A_LOG') return false
    throw error
  }
}

/** Order the files and leave out those whose events another file has. */
function orderParts(logs: readonly LogReader[], given: readonly string[]): LogReader[] {
  const ordered = [...logs].sort(
    (one, other) =>
      one.base().position - other.base().position || other.head().position - one.head().position,
  )
  const parts: LogReader[] = []
  for (const log of ordered) {
    const last = parts.at(-1)
    if (!last) parts.push(log)
    else if (log.head().position > last.head().position) {
      rejectUnchained(last, log)
      parts.push(log)
    } else if (hashAt(last, log) !== log.head().hash) {
      throw unrelated(last, log)
    }
  }
  if (parts.length > 0) return parts
  throw new MixmatchError('LOG_NOT_FOUND', `${given.join(', ')}: no event log there.`)
}

/** The hash that the longer log has at the last position of the shorter one. */
function hashAt(longer: LogReader, shorter: LogReader): string | undefined {
  const { position: end } = shorter.head()
  return end === longer.base().position ? longer.base().hash : longer.get(end)?.hash
}

function rejectUnchained(earlier: LogReader, later: LogReader): void {
  const { position: begin, hash } = later.base()
  const end = earlier.head()
  if (begin === end.position && hash === end.hash) return
  if (begin > end.position) {
    throw new MixmatchError(
      'LOG_BROKEN',
      `${later.file} begins after event ${begin}, ${earlier.file} ends with ${end.position}: ` +
        'name the file between them, too.',
    )
  }
  throw unrelated(earlier, later)
}

function unrelated(one: LogReader, other: LogReader): MixmatchError {
  return new MixmatchError(
    'LOG_BROKEN',
    `${one.file} and ${other.file} are not of one history: they differ where they meet. ` +
      'Name the files of one log only.',
  )
}

function openArchive(oldest: LogReader | undefined): LogReader | undefined {
  const archive = oldest?.base().archive
  if (oldest === undefined || archive === undefined || !isFileName(archive)) return undefined
  const file = join(dirname(oldest.file), archive)
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? openLogReader(file) : undefined
}

function isFileName(text: string): boolean {
  return basename(text) === text && !text.includes('\0')
}

function joinParts(parts: LogReader[], dispose: () => void): History {
  const [oldest] = parts
  const newest = parts.at(-1)
  if (!oldest || !newest) throw new RangeError('a history has at least one file')
  rejectTooMany(parts)
  if (parts.length > 1)
    createUnionViews(
      newest.db,
      parts.slice(0, -1).map(({ file }) => file),
    )
  return {
    ...newest,
    parts,
    base: oldest.base,
    *read({ after = position(0), upTo = position(Number.MAX_SAFE_INTEGER) } = {}) {
      for (const part of parts) {
        if (part.head().position > after && part.base().position < upTo) {
          yield* part.read({ after, upTo })
        }
      }
    },
    get: at => parts.find(part => at <= part.head().position)?.get(at),
    [Symbol.dispose]: dispose,
  }
}

/** SQLite attaches at most ten files by default (SQLITE_MAX_ATTACHED). */
const MOST_ATTACHED = 10

function rejectTooMany(parts: readonly LogReader[]): void {
  if (parts.length <= MOST_ATTACHED) return
  throw new MixmatchError(
    'USAGE',
    `${parts.length} files are one history here, ${MOST_ATTACHED} can be read at once. Make one file of ` +
      'several: mixmatch log export --log A --log B > all.ndjson; mixmatch log import all.ndjson --log C',
  )
}

/** Hide the tables of the newest file behind temporary views that also show the rows of the older files. */
function createUnionViews(db: Database, older: readonly string[]): void {
  const schemas = older.map((file, index) => attach(db, file, `part${index}`))
  for (const table of ['events', 'payloads']) {
    const selects = [...schemas, 'main'].map(schema => `select * from ${schema}.${table}`)
    db.exec(`create temp view ${table} as ${selects.join(' union all ')}`)
  }
}

function attach(db: Database, file: string, schema: string): string {
  db.prepare(`attach ? as ${schema}`).run(file)
  return schema
}
