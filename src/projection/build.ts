import type Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { Position } from '../ids.js'
import { applyFiles, applying, attachHistory, missingOf, moving } from './advance.js'
import { buildParts, mostProcesses } from './parts.js'
import { projections } from './projections.js'
import { createTables, openUnfinished } from './tables.js'

/**
 * Build views in a new file, of a whole history or of its first events. What is about resources is
 * built by several processes, each for a part of the resources.
 *
 * @param upTo the last position to apply; the history's head where it is not given
 * @param processes how many; as many as there are cores, but one for a short log, where not given
 * @throws LOG_NOT_FOUND where the history has lost its beginning
 */
export async function buildViews(
  file: string,
  logFiles: readonly string[],
  { upTo, processes }: { readonly upTo?: Position; readonly processes?: number } = {},
): Promise<void> {
  const db = openUnfinished(file)
  try {
    refuseBeginless(db, logFiles)
    createTables(db, 'main')
    const [oldest] = logFiles
    if (oldest !== undefined) await applyInParts(db, file, oldest, upTo, processes)
    applyFiles(db, logFiles, upTo)
    db.pragma('journal_mode = WAL')
  } finally {
    db.close()
  }
}

/** Apply the first file, where it is long, in parts; where it is not, it is left to the common way. */
async function applyInParts(
  db: Database.Database,
  file: string,
  logFile: string,
  upTo?: Position,
  processes?: number,
): Promise<void> {
  const detach = attachHistory(db, [logFile])
  const stretch = missingOf(db)(upTo)
  const count = processes ?? mostProcesses(stretch)
  if (count > 1 && stretch.upTo > stretch.after) {
    const others = projections.filter(({ byResource }) => !byResource)
    await buildParts(db, { file, logFile, stretch, count }, () => applying(db, others)(stretch))
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
