import { existsSync, renameSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { type Position, type PositionRange, position } from '../ids.js'
import { closeWritable, openWritable, query } from '../sqlite.js'
import {
  applyFiles,
  attachHistory,
  isDeferred,
  prepareAdvance,
  prepareBuilds,
  prepareDeferred,
  prepareDeferredMissing,
} from './advance.js'
import { belongsTo, readState, whyUnfit } from './belonging.js'
import { buildViews } from './build.js'
import type { Progress, Projection } from './projection.js'
import { projections } from './projections.js'
import { VIEWS_APPLICATION_ID } from './tables.js'
import { newestOf } from './temporary-views.js'
import { earlierViewsFileOf, removeViews, renameViews, viewsFileOf } from './views-file.js'

/** The views of a log, which are disposable: they are rebuilt whenever they do not fit. */
export interface Views extends Disposable {
  /** What the views are caught up with. */
  position(): Position
  /**
   * Apply what the log has beyond `position()`, also to deferred views if they have been built.
   *
   * @returns the range that was applied
   */
  catchUp(): PositionRange
  /** Build the deferred views, if they are not, in batches between which this process does other things. */
  buildDeferred(signal: AbortSignal): Promise<void>
  /** Why they can be used no more, whatever is done with them: damaged, deleted or replaced; null while all is well. */
  problem(): string | null
  readonly db: Database.Database
}

/** Why views were built from nothing, for the log line; null where they were only caught up. */
type Rebuilt = string | null

interface Options {
  /** Whether to wait for deferred views as well; else `buildDeferred` builds them. */
  readonly deferred?: boolean
}

/**
 * Open the views of a log and catch them up; absent, damaged, of another version or of another log,
 * they are built in another file from the first event on, which then takes their place.
 *
 * Only the process that holds the log may do this (`holdLog`); readers use `openLocations`.
 *
 * @param logFiles the files of one history, oldest first (`historyFiles`)
 * @throws LOG_NOT_FOUND where views must be built and the history has lost its beginning
 */
export function openViews(
  file: string,
  logFiles: readonly string[],
  { deferred = true }: Options = {},
): { views: Views; rebuilt: Rebuilt } {
  takeOver(file, logFiles)
  const unfit = whyRebuild(file, logFiles)
  if (unfit !== null) build(file, logFiles, { views: deferred ? projections : served })
  const views = attach(file, logFiles)
  views.catchUp()
  if (deferred) prepareDeferred(views.db)()
  return { views, rebuilt: unfit }
}

/** What requests are served by. */
const served = projections.filter(view => !isDeferred(view))

/** Build the views in another file from the whole log, which then takes the place of what is there. */
export function rebuildViews(file: string, logFiles: readonly string[], progress?: Progress): void {
  build(file, logFiles, { progress })
}

function build(
  file: string,
  logFiles: readonly string[],
  options: { views?: readonly Projection[]; progress?: Progress | undefined },
): void {
  rejectOtherData(file)
  const building = `${file}.building`
  removeViews(building) // of a build that was interrupted
  buildViews(building, logFiles, options)
  removeViews(file)
  renameSync(building, file)
}

function attach(file: string, logFiles: readonly string[]): Views {
  const db = openWritable(file)
  const { ino } = statSync(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL') // what a crash takes is applied again from the log
  // Of what was archived there may be something to apply, too.
  applyFiles(db, logFiles.slice(0, -1), { views: served })
  attachHistory(db, logFiles)
  const reached = db.prepare<[], number>('select position from state').pluck()
  const advance = prepareAdvance(db)
  const applyDeferred = prepareDeferred(db)
  const deferredMissing = prepareDeferredMissing(db)
  const isBuilt = () => {
    const { after, upTo } = deferredMissing()
    return after === upTo
  }
  return {
    db,
    position: () => position(reached.get() ?? 0),
    catchUp: db.transaction(() => {
      const wasBuilt = isBuilt()
      const range = advance()
      if (wasBuilt) applyDeferred()
      return range
    }),
    async buildDeferred(signal) {
      const { after, upTo } = deferredMissing()
      if (after === 0 && upTo > 0) {
        const batches = prepareBuilds(db)
        for (const batch of batches(() => reached.get() ?? 0)) {
          if (signal.aborted) return
          db.transaction(batch)()
          await setImmediate()
        }
        if (signal.aborted) return
        db.prepare('update state set deferred_position = ?').run(upTo)
      }
      // What came since it began.
      applyDeferred()
    },
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
