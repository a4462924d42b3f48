import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { type Position, position } from '../ids.js'
import { closeWritable, openWritable, query } from '../sqlite.js'
import { advancing, applyFiles, attachHistory } from './advance.js'
import { newestOf } from './aside.js'
import { belongsTo, readState, whyUnfit } from './belonging.js'
import { buildViews } from './build.js'
import type { Stretch } from './projection.js'
import { VIEWS_APPLICATION_ID } from './tables.js'
import { earlierViewsFileOf, removeViews, renameViews, viewsFileOf } from './views-file.js'

/** The views of a log, which are disposable: they are rebuilt whenever they do not fit. */
export interface Views extends Disposable {
  /** What the views are caught up with. */
  position(): Position
  /** Apply what the log has beyond `position()`. @returns the stretch that was applied */
  catchUp(): Stretch
  /** Why they can be used no more, whatever is done with them: damaged, deleted or replaced; null while all is well. */
  problem(): string | null
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
  takeOver(file, logFiles)
  const unfit = whyRebuild(file, logFiles)
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
  rejectOtherData(file)
  const aside = `${file}.building`
  discardUnfinished(file)
  await buildViews(aside, logFiles, { progress })
  removeViews(file)
  renameSync(aside, file)
}

function attach(file: string, logFiles: readonly string[]): Views {
  const db = openWritable(file)
  const { ino } = statSync(file)
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
    problem: () => whyLost(file, ino),
    [Symbol.dispose]: () => closeWritable(db),
  }
}

/** Why the file is not what was opened any more. Asked of it anew: an open connection may not notice. */
function whyLost(file: string, inode: number): string | null {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) return 'the file is gone'
  if (stat.ino !== inode) return 'another file was put in its place'
  try {
    return query(file, readState) ? null : 'it says nothing of its state'
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return null
    if (!(error instanceof Database.SqliteError || error instanceof MixmatchError)) throw error
    return `it is damaged: ${error.message}`
  }
}

/** Why views must be built from nothing; null where they only have to be caught up. */
function whyRebuild(file: string, logFiles: readonly string[]): Rebuilt {
  if (!existsSync(file)) return 'there are none yet'
  try {
    return query(file, db => {
      const unfit = whyUnfit(readState(db), newestOf(logFiles))
      if (unfit !== null) return unfit
      const problem = db.pragma('quick_check(1)', { simple: true })
      return problem === 'ok' ? null : `they are damaged: ${problem}`
    })
  } catch (error) {
    if (!(error instanceof Database.SqliteError || error instanceof MixmatchError)) throw error
    return `they are damaged: ${error.message}`
  }
}

/** Views of this log that have the name of before get the one of today. */
function takeOver(file: string, logFiles: readonly string[]): void {
  const logFile = newestOf(logFiles)
  const earlier = earlierViewsFileOf(logFile)
  if (existsSync(file) || file !== viewsFileOf(logFile)) return
  if (belongsTo(earlier, logFile)) renameViews(earlier, file)
}

/** A database of something else may have the name of the views by accident. */
function rejectOtherData(file: string): void {
  if (!existsSync(file)) return
  let id: unknown = 0
  try {
    id = query(file, db => db.pragma('application_id', { simple: true }))
  } catch (error) {
    if (!(error instanceof Database.SqliteError || error instanceof MixmatchError)) throw error
  }
  if (id === 0 || id === VIEWS_APPLICATION_ID) return
  throw new MixmatchError(
    'USAGE',
    `${file}: expected the views of a log, found another database. Views are built under this name: ` +
      'move it away.',
  )
}

/** What a build that was interrupted has left. */
function discardUnfinished(file: string): void {
  const beginning = `${basename(file)}.building`
  for (const name of readdirSync(dirname(file))) {
    if (name.startsWith(beginning)) rmSync(join(dirname(file), name), { force: true })
  }
}
