import Database from 'better-sqlite3'
import type { Position } from '../ids.js'
import { applyFiles, attachHistory } from './advance.js'
import type { Progress } from './projection.js'
import { projections } from './projections.js'
import { createTables } from './tables.js'

/** Views of a history as it was, which leave nothing behind. */
interface TemporaryViews extends Disposable {
  /** With the views as temporary tables, and all events as the view `history`. Refuses to write. */
  readonly db: Database.Database
  /** Go on to a later position. */
  catchUp(upTo: Position): void
}

/** What reports and comparisons of a past read. */
const read = projections.filter(({ name }) => name !== 'exchanges')

/**
 * Build the views of a history as temporary tables beside the log itself, which is opened for reading
 * only. The history may have lost its beginning.
 *
 * @param upTo the last position to apply
 * @param progress called now and then with how much of the building is done, and of how much
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
