import { existsSync, renameSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { type Position, position } from '../ids.js'
import { locations } from './locations.js'
import { names } from './names.js'
import { placements } from './placements.js'
import type { Projection, Stretch } from './projection.js'
import { sources } from './sources.js'

/** Every view, in the order in which they are applied. A new one is a file, its test, and a word here. */
export const projections: readonly Projection[] = [names, sources, locations, placements]

/** Everything in `views.db`, which is disposable: it is rebuilt whenever it does not fit. */
export interface Views extends Disposable {
  /** What the views are caught up with. */
  position(): Position
  /** Apply what the log has beyond `position()`. @returns the stretch that was applied */
  catchUp(): Stretch
  readonly db: Database.Database
}

/** Why views were built from nothing, for the log line; null where they were only caught up. */
export type Rebuilt = string | null

/**
 * Open the views of a log and catch them up; absent, damaged, of another version or of another log,
 * they are built aside from the first event on and then put in place.
 *
 * Only the process that holds the log may do this (`holdLog`); readers use `openLocations`.
 *
 * @param logFiles the files of one history, oldest first (`historyFiles`)
 * @throws LOG_NOT_FOUND where views must be built and the history has lost its beginning
 */
export function openViews(
  file: string,
  logFiles: readonly string[],
): { views: Views; rebuilt: Rebuilt } {
  const unfit = existsSync(file) ? whyUnfit(file, logFiles) : 'there are none yet'
  if (unfit !== null) rebuildViews(file, logFiles)
  const views = attach(file, logFiles)
  views.catchUp()
  return { views, rebuilt: unfit }
}

/** Build the views aside from the whole log, then put them in the place of what is there. */
export function rebuildViews(file: string, logFiles: readonly string[]): void {
  const aside = `${file}.building`
  remove(aside)
  buildViews(aside, logFiles)
  remove(file)
  renameSync(aside, file)
}

/**
 * Build views in a new file, of a whole history or of its first events.
 *
 * @param upTo the last position to apply; the history's head where it is not given
 * @throws LOG_NOT_FOUND where the history has lost its beginning
 */
export function buildViews(file: string, logFiles: readonly string[], upTo?: Position): void {
  const db = new Database(file)
  try {
    db.pragma('page_size = 8192')
    db.pragma('journal_mode = OFF') // a file that is not finished is thrown away
    db.pragma('synchronous = OFF')
    refuseBeginless(db, logFiles)
    createTables(db, 'main')
    applyFiles(db, logFiles, upTo)
    db.pragma('journal_mode = WAL')
  } finally {
    db.close()
  }
}

/** Views of a history as it was, which leave nothing behind. */
export interface ViewsAside extends Disposable {
  /** With the views as temporary tables, and all events as the view `history`. Refuses to write. */
  readonly db: Database.Database
  /** Go on to a later position. */
  catchUp(upTo: Position): void
}

/**
 * Build the views of a history as temporary tables beside the log itself, which is opened for reading
 * only. The history may have lost its beginning.
 *
 * @param upTo the last position to apply
 */
export function openViewsAside(logFiles: readonly string[], upTo: Position): ViewsAside {
  const db = new Database(newestOf(logFiles), { readonly: true })
  const catchUp = (to: Position) => {
    applyFiles(db, logFiles, to)
    return attachHistory(db, logFiles)
  }
  try {
    db.pragma('cache_size = -65536')
    createTables(db, 'temp')
    let detach = catchUp(upTo)
    return {
      db,
      catchUp(to) {
        detach()
        detach = catchUp(to)
      },
      [Symbol.dispose]() {
        db.close()
      },
    }
  } catch (error) {
    db.close()
    throw error
  }
}

function newestOf(logFiles: readonly string[]): string {
  const newest = logFiles.at(-1)
  if (newest === undefined) throw new RangeError('a history has at least one file')
  return newest
}

function refuseBeginless(db: Database.Database, logFiles: readonly string[]): void {
  const [oldest] = logFiles
  const detach = attachHistory(db, logFiles.slice(0, 1))
  const base = db
    .prepare<[], { position: number; archive: string }>('select position, archive from log.base')
    .get()
  detach()
  if (!base) return
  throw new MixmatchError(
    'LOG_NOT_FOUND',
    `${oldest}: its first ${base.position} events are in the archive ${base.archive}, which is not ` +
      'beside it. Views are built from the first event on: put the archive there.',
  )
}

function createTables(db: Database.Database, schema: 'main' | 'temp'): void {
  db.exec(`create table ${schema}.state (
    versions text not null, position integer not null, hash blob) strict`)
  db.prepare('insert into state values (?, 0, null)').run(versions)
  for (const { tables, indexes = {} } of projections) {
    for (const [name, columns] of Object.entries(tables)) {
      db.exec(`create table ${schema}.${name} ${columns}`)
    }
    for (const [name, on] of Object.entries(indexes)) {
      db.exec(`create index ${schema}.${name} on ${on}`)
    }
  }
}

function attach(file: string, logFiles: readonly string[]): Views {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL') // what a crash takes is applied again from the log
  applyFiles(db, logFiles.slice(0, -1)) // of what was archived there may be something to apply, too
  attachHistory(db, logFiles)
  const reached = db.prepare<[], number>('select position from state').pluck()
  const apply = advance(db)
  return {
    db,
    position: () => position(reached.get() ?? 0),
    catchUp: () => apply(),
    [Symbol.dispose]() {
      db.close()
    },
  }
}

function applyFiles(db: Database.Database, logFiles: readonly string[], upTo?: Position): void {
  for (const index of logFiles.keys()) {
    const detach = attachHistory(db, logFiles.slice(0, index + 1))
    advance(db)(upTo)
    detach()
  }
}

/** Attach the last of these files as `log`, and lay the view `history` over the events of all. */
function attachHistory(db: Database.Database, logFiles: readonly string[]): () => void {
  const schemas = logFiles.map((_, index) =>
    index === logFiles.length - 1 ? 'log' : `part${index}`,
  )
  for (const [index, file] of logFiles.entries()) {
    db.prepare(`attach ? as ${schemas[index]}`).run(file)
  }
  const selects = schemas.map(schema => `select * from ${schema}.events`)
  db.exec(`create temp view history as ${selects.join(' union all ')}`)
  return () => {
    db.exec('drop view temp.history')
    for (const schema of schemas) db.exec(`detach ${schema}`)
  }
}

/** One transaction that applies what is missing of the file `log`, to every view alike. */
function advance(db: Database.Database): (upTo?: Position) => Stretch {
  const head = db
    .prepare<[], number>(
      'select coalesce(max(position), (select position from log.base), 0) from log.events',
    )
    .pluck()
  const reached = db.prepare<[], number>('select position from state').pluck()
  const move = db.prepare<[number, number]>(
    'update state set position = ?, hash = (select hash from log.payloads where position = ?)',
  )
  const applies = projections.map(projection => projection.prepare(db))
  return db.transaction((upTo?: Position): Stretch => {
    const last = head.get() ?? 0
    const stretch = {
      after: position(reached.get() ?? 0),
      upTo: position(Math.min(upTo ?? last, last)),
    }
    if (stretch.upTo <= stretch.after) return stretch
    for (const apply of applies) apply(stretch)
    move.run(stretch.upTo, stretch.upTo)
    return stretch
  })
}

const versions = JSON.stringify(projections.map(({ name, version }) => [name, version]))

function whyUnfit(file: string, logFiles: readonly string[]): Rebuilt {
  let db: Database.Database | undefined
  try {
    db = new Database(file)
    const state = db
      .prepare<[], { versions: string; position: number; hash: Buffer | null }>(
        'select * from state',
      )
      .get()
    if (!state) return 'they say nothing of their state'
    if (state.versions !== versions) return 'they are of another version'
    const problem = db.pragma('quick_check(1)', { simple: true })
    if (problem !== 'ok') return `they are damaged: ${problem}`
    db.prepare('attach ? as log').run(newestOf(logFiles))
    const hash = db
      .prepare<[number, number], Buffer>(
        `select hash from log.payloads where position = ?
        union all select hash from log.base where position = ?`,
      )
      .pluck()
      .get(state.position, state.position)
    return Buffer.compare(hash ?? nothing, state.hash ?? nothing) === 0
      ? null
      : `they are of another log: event ${state.position} has another hash there`
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
    return `they are damaged: ${error.message}`
  } finally {
    db?.close()
  }
}

const nothing = Buffer.alloc(0)

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
}
