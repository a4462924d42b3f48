import type { Database } from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { type Position, position } from '../ids.js'
import { readState, whyUnfit } from '../projection/belonging.js'
import { viewsFileOf } from '../projection/views-file.js'
import { openReadable } from '../sqlite.js'

/** The views of a log, open for reading. */
interface ViewsReader extends Disposable {
  readonly db: Database
  /** The last event that is applied to the views that serve requests. */
  readonly position: Position
  /** The same for the view `placements`, which is built later. */
  readonly deferredPosition: Position
}

/** @throws VIEWS_UNAVAILABLE if there are none that match the log */
export function openViewsReader(logFile: string): ViewsReader {
  const file = viewsFileOf(logFile)
  const db = openViews(file)
  const state = readState(db)
  const problem = whyUnfit(state, logFile)
  if (problem !== null) {
    db.close()
    throw unavailable(file, problem)
  }
  return {
    db,
    position: position(state?.position ?? 0),
    deferredPosition: position(state?.deferred_position ?? 0),
    [Symbol.dispose]: () => db.close(),
  }
}

function openViews(file: string): Database {
  try {
    return openReadable(file)
  } catch (error) {
    if (error instanceof MixmatchError) throw unavailable(file, error.message)
    throw error
  }
}

function unavailable(file: string, problem: string): MixmatchError {
  const message = `${file}: ${problem}. The recorder builds the views. Try again.`
  return new MixmatchError('VIEWS_UNAVAILABLE', message)
}
