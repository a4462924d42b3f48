import type { Database } from 'better-sqlite3'
import { type Position, type PositionRange, position } from '../ids.js'
import type { Progress, Projection } from './projection.js'
import { projections } from './projections.js'

interface Options {
  /** The last position to apply. The default is the head of the history. */
  readonly upTo?: Position | undefined
  /** The default is all views. */
  readonly views?: readonly Projection[] | undefined
  readonly progress?: Progress | undefined
}

/**
 * Apply the events that the views lack, file by file, oldest first. Then apply the deferred views over
 * all files at once.
 */
export function applyFiles(
  db: Database,
  logFiles: readonly string[],
  { upTo, views = projections, progress }: Options = {},
): void {
  for (const index of logFiles.keys()) {
    const detach = attachHistory(db, logFiles.slice(0, index + 1))
    prepareAdvance(db, views)(upTo)
    detach()
  }
  if (logFiles.length === 0 || !views.some(isDeferred)) return
  const detach = attachHistory(db, logFiles)
  prepareDeferred(db, views, progress)()
  detach()
}

/**
 * Attach the last of these files as `log`, and create the temporary view `history` of the events of all.
 *
 * @returns a function that detaches them
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

/** Prepare a transaction that applies new events of the file `log` to the views that are not deferred. */
export function prepareAdvance(
  db: Database,
  views: readonly Projection[] = projections,
): (upTo?: Position) => PositionRange {
  const missing = prepareMissing(db)
  const applies = views.filter(view => !isDeferred(view)).map(view => view.prepare(db))
  const move = db.prepare<[PositionRange]>(`
    update state set position = :upTo,
      hash = (select hash from log.payloads where position = :upTo),
      first_hash = ifnull(first_hash, (select hash from log.payloads where position = 1))`)
  return db.transaction((upTo?: Position): PositionRange => {
    const range = missing(upTo)
    if (range.upTo <= range.after) return range
    for (const apply of applies) apply(range)
    move.run(range)
    return range
  })
}

/** Prepare a transaction that catches the deferred views up with the others. */
export function prepareDeferred(
  db: Database,
  views: readonly Projection[] = projections,
  progress?: Progress,
): () => void {
  const missing = prepareDeferredMissing(db)
  const applies = views.filter(isDeferred).map(view => view.prepare(db))
  const build = prepareBuilds(db, views, progress)
  const move = db.prepare('update state set deferred_position = position')
  return db.transaction(() => {
    const range = missing()
    if (range.upTo <= range.after) return
    if (range.after === 0) for (const batch of build(() => range.upTo)) batch()
    else for (const apply of applies) apply(range)
    move.run()
  })
}

/** Prepare to build all deferred views from empty tables. */
export function prepareBuilds(
  db: Database,
  views: readonly Projection[] = projections,
  progress?: Progress,
): (upTo: () => number) => Iterable<() => void> {
  const builds = views.flatMap(view => view.prepareBuild?.(db, progress) ?? [])
  return function* batches(upTo) {
    for (const build of builds) yield* build(upTo)
  }
}

export function isDeferred({ prepareBuild }: Projection): boolean {
  return prepareBuild !== undefined
}

/** Prepare a query for the range of events that the other views have applied and the deferred ones have not. */
export function prepareDeferredMissing(db: Database): () => PositionRange {
  const state = db.prepare<[], PositionRange>(
    'select deferred_position as after, position as upTo from state',
  )
  return () => state.get() ?? { after: position(0), upTo: position(0) }
}

/** Prepare a query for the range of events in the attached file `log` that the views have not applied. */
function prepareMissing(db: Database): (upTo?: Position) => PositionRange {
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
