import { existsSync, renameSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { type Position, type PositionRange, position } from '../ids.js'
import { closeWritable, closingOnError, openWritable, query } from '../sqlite.js'
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
import { isDamage, orDamage, whyDamaged } from './damage.js'
import { limitShare } from './limited-share.js'
import type { Progress, Projection } from './projection.js'
import { projections } from './projections.js'
import { VIEWS_APPLICATION_ID } from './tables.js'
import { newestOf } from './temporary-views.js'
import { earlierViewsFileOf, removeViews, renameViews, viewsFileOf } from './views-file.js'

/** The views of a log, open for writing. They are rebuilt if they do not match the log. */
export interface Views extends Disposable {
  /** The last applied position. */
  position(): Position
  /**
   * Apply the events after `position()`, also to the deferred views if they are built. A cloud can make that long,
   * with many events about one resource. Then later events wait for some time until they are applied to those.
   *
   * @returns the applied range
   */
  catchUp(): PositionRange
  /** Whether events wait to be applied to the deferred views. Call `catchUp` again later. */
  isWaiting(): boolean
  /** Build the deferred views if they are not built. Other work of this process can run between the batches. */
  buildDeferred(signal: AbortSignal): Promise<void>
  /** Why the views cannot be used any more: damaged, deleted or replaced. Null if they can. */
  problem(): string | null
  readonly db: Database.Database
}

/** Why views were rebuilt, for the log line; null if they were only caught up. */
type Rebuilt = string | null

interface Options {
  /** Whether to build deferred views, too. Otherwise `buildDeferred` does this later. */
  readonly deferred?: boolean
  /**
   * Whether to look for damage first. This reads the whole file: 0.4 s for a million rows. Otherwise the caller
   * does it later (`whyDamaged`), and only damage that is in the way is found now.
   */
  readonly checked?: boolean
}

/**
 * Open the views of a log and catch them up. Views that are missing, damaged, of another version or
 * of another log are rebuilt from the first event: in a second file, which then replaces the first.
 *
 * Only the process that holds the log may do this (`holdLog`). Readers use `openLocations`.
 *
 * @param logFiles the files of one history, oldest first (`historyFiles`)
 * @throws LOG_NOT_FOUND if the views must be rebuilt and the beginning of the history is missing
 */
export function openViews(
  file: string,
  logFiles: readonly string[],
  { deferred = true, checked = true }: Options = {},
): { views: Views; rebuilt: Rebuilt } {
  renameEarlierViews(file, logFiles)
  const unfit = whyUnusable(file, logFiles) ?? (checked ? whyDamaged(file) : null)
  if (unfit === null) {
    try {
      return { views: openCaughtUp(file, logFiles, deferred), rebuilt: null }
    } catch (error) {
      if (checked || !isDamage(error)) throw error
    }
  }
  build(file, logFiles, { views: deferred ? projections : served })
  return { views: openCaughtUp(file, logFiles, deferred), rebuilt: unfit ?? 'they are damaged' }
}

function openCaughtUp(file: string, logFiles: readonly string[], deferred: boolean): Views {
  const db = openWritable(file)
  return closingOnError(db, () => {
    const views = attach(db, file, logFiles)
    views.catchUp()
    if (deferred) prepareDeferred(db)()
    return views
  })
}

/** The views that serve requests. */
const served = projections.filter(view => !isDeferred(view))

/** Build the views from the whole log in a second file, which then replaces the existing one. */
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
  removeViews(building) // left by an interrupted build
  buildViews(building, logFiles, options)
  removeViews(file)
  renameSync(building, file)
}

function attach(db: Database.Database, file: string, logFiles: readonly string[]): Views {
  const { ino } = statSync(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL') // events that a crash removes are applied again from the log
  // Views without events also lack those of the archives.
  applyFiles(db, logFiles.slice(0, -1), { views: served })
  attachHistory(db, logFiles)
  const reached = db.prepare<[], number>('select position from state').pluck()
  const advance = prepareAdvance(db)
  const applyDeferred = prepareDeferred(db)
  const deferred = limitShare(applyDeferred)
  const deferredMissing = prepareDeferredMissing(db)
  const isBuilt = () => {
    const { after, upTo } = deferredMissing()
    return after === upTo
  }
  return {
    db,
    position: () => position(reached.get() ?? 0),
    catchUp: db.transaction(() => {
      const wasBuilt = isBuilt() || deferred.isWaiting()
      const range = advance()
      if (wasBuilt) deferred.run()
      return range
    }),
    isWaiting: deferred.isWaiting,
    async buildDeferred(signal) {
      const { after, upTo } = deferredMissing()
      if (after === 0 && upTo > 0) {
        const batches = prepareBuilds(db)
        for (const batch of batches(() => reached.get() ?? 0)) {
          db.transaction(batch)()
          await setImmediate()
          if (signal.aborted) return // the file may be closed: the next batch cannot be prepared
        }
        db.prepare('update state set deferred_position = ?').run(upTo)
      }
      // Apply the events that arrived during the build.
      applyDeferred()
    },
    problem: () => whyLost(file, ino),
    [Symbol.dispose]: () => closeWritable(db),
  }
}

/** Why the file is no longer the opened one. This opens it again: an open connection may not notice. */
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

/** Why views must be rebuilt although they may not be damaged; null if catching up is enough. */
function whyUnusable(file: string, logFiles: readonly string[]): string | null {
  if (!existsSync(file)) return 'there are none yet'
  return orDamage(() => query(file, db => whyUnfit(readState(db), newestOf(logFiles))))
}

/** Rename views of this log that have the name of earlier versions. */
function renameEarlierViews(file: string, logFiles: readonly string[]): void {
  const logFile = newestOf(logFiles)
  const earlier = earlierViewsFileOf(logFile)
  if (existsSync(file) || file !== viewsFileOf(logFile)) return
  if (belongsTo(earlier, logFile)) renameViews(earlier, file)
}

/** Another database may have the name of the views by accident: reject it. */
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
