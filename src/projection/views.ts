import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { type Position, position } from '../ids.js'
import { advancing, applyFiles, attachHistory } from './advance.js'
import { newestOf } from './aside.js'
import { buildViews } from './build.js'
import type { Stretch } from './projection.js'
import { versions } from './projections.js'

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
export async function openViews(
  file: string,
  logFiles: readonly string[],
): Promise<{ views: Views; rebuilt: Rebuilt }> {
  const unfit = existsSync(file) ? whyUnfit(file, logFiles) : 'there are none yet'
  if (unfit !== null) await rebuildViews(file, logFiles)
  const views = attach(file, logFiles)
  views.catchUp()
  return { views, rebuilt: unfit }
}

/** Build the views aside from the whole log, then put them in the place of what is there. */
export async function rebuildViews(
  file: string,
  logFiles: readonly string[],
  progress?: (done: number, of: number) => void,
): Promise<void> {
  const aside = `${file}.building`
  discardUnfinished(file)
  await buildViews(aside, logFiles, { progress })
  remove(file)
  renameSync(aside, file)
}

function attach(file: string, logFiles: readonly string[]): Views {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL') // what a crash takes is applied again from the log
  applyFiles(db, logFiles.slice(0, -1)) // of what was archived there may be something to apply, too
  attachHistory(db, logFiles)
  const reached = db.prepare<[], number>('select position from state').pluck()
  const apply = advancing(db)
  return {
    db,
    position: () => position(reached.get() ?? 0),
    catchUp: () => apply(),
    [Symbol.dispose]() {
      db.close()
    },
  }
}

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

/** What a build that was interrupted has left. */
function discardUnfinished(file: string): void {
  const beginning = `${basename(file)}.building`
  for (const name of readdirSync(dirname(file))) {
    if (name.startsWith(beginning)) rmSync(join(dirname(file), name), { force: true })
  }
}
