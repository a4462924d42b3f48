import type { Database } from 'better-sqlite3'
import type { Position } from '../ids.js'

/** A stretch of the log: positions `after` (exclusive) to `upTo` (inclusive). */
export interface Stretch {
  readonly after: Position
  readonly upTo: Position
}

/**
 * One view of the log. `apply` is the only way into it: the same statement serves live batches,
 * start-up, rebuild, replay and audit. Its laws are tested for every projection: applying a
 * stretch at once equals applying it in any pieces, and a rebuilt view equals the live one.
 *
 * The log is attached to the view's connection as `log`, for reading. Where older events were
 * archived, `log` is the one file of the history that holds the stretch, and the view `history` is
 * the events of all its files.
 */
export interface Projection {
  readonly name: string
  /** Raised whenever `tables` or the meaning of `apply` changes: views of another version are rebuilt. */
  readonly version: number
  /** What stands after `create table NAME`. */
  readonly tables: Readonly<Record<string, string>>
  /** What stands after `create index NAME on`. */
  readonly indexes?: Readonly<Record<string, string>>
  prepare(db: Database): (stretch: Stretch) => void
  /** What `views check` compares: every row of the view as one line, in a fixed order. */
  readonly rows: string
}
