import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MixmatchError } from '../errors.js'
import { type Position, position } from '../ids.js'
import { openReadable } from '../sqlite.js'
import { isDeferred } from './advance.js'
import { readState, whyUnfit } from './belonging.js'
import { buildViews } from './build.js'
import { projections } from './projections.js'
import { newestOf } from './temporary-views.js'

/** A row that is in the views but does not follow from the log, or the reverse. */
interface Difference {
  readonly view: string
  readonly in: 'views' | 'log'
  readonly row: string
}

/**
 * Build the views from the log in a temporary file, up to the position of the given views, and
 * compare row by row. The recorder may run at the same time.
 *
 * @param parentFolder the folder for the second copy. The default is the temporary folder of the system
 * @throws VIEWS_LOST if they are of another log or version; SqliteError if they are not readable
 */
export function checkViews(
  file: string,
  logFiles: readonly string[],
  parentFolder = tmpdir(),
): { position: Position; rows: number; differences: Difference[] } {
  const folder = mkdtempSync(join(parentFolder, 'mixmatch-views-'))
  const views = openReadable(file)
  try {
    views.exec('begin') // one snapshot for the position and for all rows
    const state = readState(views)
    const unfit = whyUnfit(state, newestOf(logFiles))
    if (unfit !== null) {
      throw new MixmatchError(
        'VIEWS_LOST',
        `${file}: ${unfit}. mixmatch views rebuild makes them anew.`,
      )
    }
    const reached = position(state?.position ?? 0)
    const rebuiltFile = join(folder, 'views.db')
    buildViews(rebuiltFile, logFiles, { upTo: reached })
    const rebuilt = openReadable(rebuiltFile)
    try {
      const differences: Difference[] = []
      let rows = 0
      // Skip views that the recorder is still building.
      const isBuilt = state?.deferred_position === reached
      const compared = projections.filter(view => isBuilt || !isDeferred(view))
      for (const { name, rows: sql } of compared) {
        const [held, expected] = [views, rebuilt].map(db => db.prepare<[], string>(sql).pluck())
        if (!held || !expected) continue
        for (const [side, row] of merge(held.iterate(), expected.iterate())) {
          if (side === 'both') rows += 1
          else differences.push({ view: name, in: side, row })
        }
      }
      return { position: reached, rows, differences }
    } finally {
      rebuilt.close()
    }
  } finally {
    views.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Compare two sequences of texts. SQLite sorts both by bytes. */
function* merge(
  held: IterableIterator<string>,
  expected: IterableIterator<string>,
): Generator<['both' | 'views' | 'log', string]> {
  let left = held.next()
  let right = expected.next()
  while (!left.done || !right.done) {
    if (left.done) {
      yield ['log', right.value]
      right = expected.next()
    } else if (right.done) {
      yield ['views', left.value]
      left = held.next()
    } else if (left.value === right.value) {
      yield ['both', left.value]
      left = held.next()
      right = expected.next()
    } else if (Buffer.compare(Buffer.from(left.value), Buffer.from(right.value)) < 0) {
      yield ['views', left.value]
      left = held.next()
    } else {
      yield ['log', right.value]
      right = expected.next()
    }
  }
}
