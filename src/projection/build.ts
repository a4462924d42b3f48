import type Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { Position } from '../ids.js'
import { applyFiles, attachHistory, missingOf, moving, type Told } from './advance.js'
import { applyShared, sharersOf } from './parts.js'
import type { Projection } from './projection.js'
import { projections } from './projections.js'
import { createTables, openUnfinished } from './tables.js'

interface Options {
  /** All of them where not given. */
  readonly views?: readonly Projection[] | undefined
  /** The last position to apply; the history's head where it is not given. */
  readonly upTo?: Position | undefined
  /** As many as there are cores, but one for a short log, where not given. */
  readonly processes?: number | undefined
  /** Called now and then with how far the first file of the history was applied, and of how much. */
  readonly progress?: Told | undefined
}

/**
 * Build views in a new file, of a whole history or of its first events. What is about resources is
 * built by several processes, each for a part of the resources.
 *
 * @throws LOG_NOT_FOUND where the history has lost its beginning
 */
export async function buildViews(
  file: string,
  logFiles: readonly string[],
  options: Options = {},
): Promise<void> {
  const { upTo, views = projections } = options
  const db = openUnfinished(file)
  try {
    refuseBeginless(db, logFiles)
    createTables(db, 'main', views)
    const [oldest] = logFiles
    if (oldest !== undefined) await applyFirst(db, file, oldest, options)
    applyFiles(db, logFiles, { upTo, views })
    db.pragma('journal_mode = DELETE')
  } finally {
    db.close()
  }
}

/** Apply the first file, by several processes where it is long enough. */
async function applyFirst(
  db: Database.Database,
  file: string,
  logFile: string,
  { views, upTo, processes, progress }: Options,
): Promise<void> {
  const detach = attachHistory(db, [logFile])
  const stretch = missingOf(db)(upTo)
  if (stretch.upTo > stretch.after) {
    const most = processes ?? sharersOf(stretch)
    await applyShared(db, { file, logFile, views, stretch, processes: most, progress })
    moving(db)(stretch.upTo)
  }
  detach()
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
