import { existsSync, renameSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { type Position, position } from '../ids.js'
import { locations } from './locations.js'
import { names } from './names.js'
import type { Projection, Stretch } from './projection.js'
import { sources } from './sources.js'

/** Every view, in the order in which they are applied. A new one is a file, its test, and a word here. */
export const projections: readonly Projection[] = [names, sources, locations]

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
 */
export function openViews(file: string, logFile: string): { views: Views; rebuilt: Rebuilt } {
  const unfit = existsSync(file) ? whyUnfit(file, logFile) : 'there are none yet'
  if (unfit !== null) rebuildViews(file, logFile)
  const views = attach(file, logFile)
  views.catchUp()
  return { views, rebuilt: unfit }
}

/** Build the views aside from the whole log, then put them in the place of what is there. */
export function rebuildViews(file: string, logFile: string): void {
  const aside = `${file}.building`
  remove(aside)
  buildViews(aside, logFile)
  remove(file)
  renameSync(aside, file)
}

/**
 * Build views in a new file, of the whole log or of its first events.
 *
 * @param upTo the last position to apply; the log's head where it is not given
 */
export function buildViews(file: string, logFile: string, upTo?: Position): void {
  const db = new Database(file)
  try {
    db.pragma('page_size = 8192')
    db.pragma('journal_mode = OFF') // a file that is not finished is thrown away
    db.pragma('synchronous = OFF')
    db.exec(
      'create table state (versions text not null, position integer not null, hash blob) strict',
    )
    for (const { schema } of projections) db.exec(schema)
    db.prepare('insert into state values (?, 0, null)').run(versions)
    db.prepare('attach ? as log').run(logFile)
    advance(db)(upTo)
    db.exec('detach log')
    db.pragma('journal_mode = WAL')
  } finally {
    db.close()
  }
}

function attach(file: string, logFile: string): Views {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL') // what a crash takes is applied again from the log
  db.prepare('attach ? as log').run(logFile)
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

/** One transaction that applies what is missing, to every view alike. */
function advance(db: Database.Database): (upTo?: Position) => Stretch {
  const head = db.prepare<[], number>('select ifnull(max(position), 0) from log.events').pluck()
  const reached = db.prepare<[], number>('select position from state').pluck()
  const move = db.prepare<[number, number]>(
    'update state set position = ?, hash = (select hash from log.payloads where position = ?)',
  )
  const applies = projections.map(projection => projection.prepare(db))
  return db.transaction((upTo?: Position): Stretch => {
    const stretch = {
      after: position(reached.get() ?? 0),
      upTo: upTo ?? position(head.get() ?? 0),
    }
    if (stretch.upTo <= stretch.after) return stretch
    for (const apply of applies) apply(stretch)
    move.run(stretch.upTo, stretch.upTo)
    return stretch
  })
}

const versions = JSON.stringify(projections.map(({ name, version }) => [name, version]))

function whyUnfit(file: string, logFile: string): Rebuilt {
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
    db.prepare('attach ? as log').run(logFile)
    const hash = db
      .prepare<[number], Buffer>('select hash from log.payloads where position = ?')
      .pluck()
      .get(state.position)
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
