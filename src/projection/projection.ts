import type { Database } from 'better-sqlite3'
import type { PositionRange } from '../ids.js'

/** Called from time to time with the completed amount of work and the total. */
export type Progress = (done: number, of: number) => void

/**
 * One view of the log. Only the function that `prepare` returns writes it: for live batches, start-up,
 * rebuild, replay and audit. Tests check two laws for every projection: applying a range at once equals
 * applying it in parts, and a rebuilt view equals the live one.
 *
 * The log is attached to the connection of the view as `log`, for reading. If older events were
 * archived, `log` is the file of the history that has the range, and the SQL view `history` has the
 * events of all files.
 */
export interface Projection {
  readonly name: string
  /** Increase it if `tables` or the meaning of `prepare` changes: views of another version are rebuilt. */
  readonly version: number
  /** The SQL after `create table NAME`, by name. */
  readonly tables: Readonly<Record<string, string>>
  /** The SQL after `create index NAME on`, by name. */
  readonly indexes?: Readonly<Record<string, string>>
  prepare(db: Database): (range: PositionRange) => void
  /**
   * A view with this function is deferred: requests do not read it or wait for it. It is built after all
   * others, from all files of a history at once, in batches. The caller calls one batch after another.
   * Between two batches the other views may advance.
   *
   * @param upTo returns the current position of the other views
   */
  prepareBuild?(db: Database, progress?: Progress): (upTo: () => number) => Iterable<() => void>
  /** SQL for `views check`: every row of the view as one text, in a fixed order. */
  readonly rows: string
}
