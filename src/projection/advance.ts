import type { Database } from 'better-sqlite3'
import { type Position, position } from '../ids.js'
import { cutKeys, type Keys } from './keys.js'
import type { Projection, Stretch } from './projection.js'
import { projections } from './projections.js'

/** Called with how much of a work is done, and of how much. */
export type Told = (done: number, of: number) => void

interface Options {
  /** The last position to apply; the last that there is where it is not given. */
  readonly upTo?: Position | undefined
  /** All of them where not given. */
  readonly views?: readonly Projection[] | undefined
  /** Called after each piece where nothing is in the views yet. */
  readonly progress?: Told | undefined
}

/** Apply what is missing of the files of a history, one after the other, oldest first. */
export function applyFiles(
  db: Database,
  logFiles: readonly string[],
  { upTo, views, progress }: Options = {},
): void {
  for (const index of logFiles.keys()) {
    const detach = attachHistory(db, logFiles.slice(0, index + 1))
    advancing(db, views, progress)(upTo)
    detach()
  }
}

/**
 * Attach the last of these files as `log`, and lay the view `history` over the events of all.
 *
 * @returns what detaches them
 */
export function attachHistory(db: Database, logFiles: readonly string[]): () => void {
  const schemas = logFiles.map((_, index) =>
    index === logFiles.length - 1 ? 'log' : `part${index}`,
  )
  for (const [index, file] of logFiles.entries()) {
    db.prepare(`attach ? as ${schemas[index]}`).run(file)
  }
  const selects = schemas.map(schema => `select * from ${schema}.events`)
  db.exec(`create temp view history as ${selects.join(' union all ')}`)
  return () => {
    db.exec('drop view temp.history')
    for (const schema of schemas) db.exec(`detach ${schema}`)
  }
}

/**
 * What applies a stretch of the attached file `log` to these views. Where nothing is in them yet, the
 * views of resources are told piece by piece, which keeps memory flat however long the stretch is.
 */
export function applying(
  db: Database,
  views: readonly Projection[] = projections,
  progress?: Told,
): (stretch: Stretch, pieces?: readonly Keys[]) => void {
  const prepare = (byResource: boolean) =>
    views.filter(view => (view.byResource ?? false) === byResource).map(view => view.prepare(db))
  const others = prepare(false)
  const ofResources = prepare(true)
  const tell = (stretch: Stretch) => {
    for (const apply of ofResources) apply(stretch)
  }
  return ({ after, upTo }, given) => {
    for (const apply of others) apply({ after, upTo })
    if (after > 0) return tell({ after, upTo })
    const pieces = given ?? cutKeys(db, { after, upTo })
    for (const [done, keys] of pieces.entries()) {
      progress?.(done, pieces.length)
      tell({ after, upTo, keys })
    }
  }
}

/** One transaction that applies what is missing of the file `log`, to every view alike. */
export function advancing(
  db: Database,
  views: readonly Projection[] = projections,
  progress?: Told,
): (upTo?: Position) => Stretch {
  const missing = missingOf(db)
  const apply = applying(db, views, progress)
  const move = moving(db)
  return db.transaction((upTo?: Position): Stretch => {
    const stretch = missing(upTo)
    if (stretch.upTo <= stretch.after) return stretch
    apply(stretch)
    move(stretch.upTo)
    return stretch
  })
}

/** What the views lack of the attached file `log`. */
export function missingOf(db: Database): (upTo?: Position) => Stretch {
  const head = db
    .prepare<[], number>(
      'select coalesce(max(position), (select position from log.base), 0) from log.events',
    )
    .pluck()
  const reached = db.prepare<[], number>('select position from state').pluck()
  return upTo => {
    const last = head.get() ?? 0
    return {
      after: position(reached.get() ?? 0),
      upTo: position(Math.min(upTo ?? last, last)),
    }
  }
}

/** What notes down how far the log was applied. */
export function moving(db: Database): (to: Position) => void {
  const move = db.prepare<[number, number]>(`
    update state set position = ?, hash = (select hash from log.payloads where position = ?),
      first_hash = ifnull(first_hash, (select hash from log.payloads where position = 1))`)
  return to => {
    move.run(to, to)
  }
}
