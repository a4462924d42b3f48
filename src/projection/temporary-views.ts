import Database from 'better-sqlite3'
import type { Position } from '../ids.js'
import { applyFiles, attachHistory } from './advance.js'
import type { Progress } from './projection.js'
import { projections } from './projections.js'
import { createTables } from './tables.js'

/** Views of a history at a position. They write no file. */
interface TemporaryViews extends Disposable {
  /** A read-only connection: the views are temporary tables, the view `history` has all events. */
  readonly db: Database.Database
  /** Advance to a later position. */
  catchUp(upTo: Position): void
}

/** The views that reports and comparisons read. */
const read = projections.filter(({ name }) => name !== 'exchanges')

/**
 * Build the views of a history as temporary tables of a read-only connection to the log. The beginning
 * of the history may be missing.
 *
 * @param upTo the last position to apply
 * @param progress called from time to time with the number of applied events and the total
 */
export function openTemporaryViews(
  logFiles: readonly string[],
  upTo: Position,
  progress?: Progress,
): TemporaryViews {
  const db = new Database(newestOf(logFiles), { readonly: true })
  const catchUp = (to: Position) => {
    applyFiles(db, logFiles, { upTo: to, views: read, progress })
    return attachHistory(db, logFiles)
  }
  try {
    db.pragma('cache_size = -65536')
    createTables(db, 'temp', read)
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

export function newestOf(logFiles: readonly string[]): string {
  const newest = logFiles.at(-1)
  if (newest === undefined) throw new RangeError('a history has at least one file')
  return newest
}
