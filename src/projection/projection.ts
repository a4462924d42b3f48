import type { Database } from 'better-sqlite3'
import type { Position } from '../ids.js'
import type { Keys } from './keys.js'

/** A stretch of the log: positions `after` (exclusive) to `upTo` (inclusive). */
export interface Stretch {
  readonly after: Position
  readonly upTo: Position
  /** These resources alone, of which the views know nothing yet. */
  readonly keys?: Keys
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
  /**
   * Whether each row is about one resource and follows from its own events and those of what it was
   * made from: such views are built piece by piece, of some resources at a time.
   */
  readonly byResource?: true
  /** What stands after `create table NAME`. */
  readonly tables: Readonly<Record<string, string>>
  /** What stands after `create index NAME on`. */
  readonly indexes?: Readonly<Record<string, string>>
  prepare(db: Database): (stretch: Stretch) => void
  /** What `views check` compares: every row of the view as one line, in a fixed order. */
  readonly rows: string
}
