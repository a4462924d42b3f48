import type Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { Position } from '../ids.js'
import { applyFiles, attachHistory } from './advance.js'
import type { Progress, Projection } from './projection.js'
import { projections } from './projections.js'
import { createTables, openUnfinished } from './tables.js'

interface Options {
  /** The default is all views. The tables of the others are created, but stay empty. */
  readonly views?: readonly Projection[] | undefined
  /** The last position to apply. The default is the head of the history. */
  readonly upTo?: Position | undefined
  readonly progress?: Progress | undefined
}

/**
 * Build views in a new file, from a whole history or from its first events.
 *
 * @throws LOG_NOT_FOUND if the beginning of the history is missing
 */
export function buildViews(
  file: string,
  logFiles: readonly string[],
  { upTo, views = projections, progress }: Options = {},
): void {
  const db = openUnfinished(file)
  try {
    requireBeginning(db, logFiles)
    createTables(db, 'main')
    applyFiles(db, logFiles, { upTo, views, progress })
    db.pragma('main.journal_mode = DELETE')
  } finally {
    db.close()
  }
}

function requireBeginning(db: Database.Database, logFiles: readonly string[]): void {
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
