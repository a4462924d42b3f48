import type { Database } from 'better-sqlite3'
import type { PositionRange } from '../ids.js'

/** Called now and then with how much of a work is done, and of how much. */
export type Progress = (done: number, of: number) => void

/**
 * One view of the log. `prepare` gives the only way into it: the same statement serves live batches,
 * start-up, rebuild, replay and audit. Its laws are tested for every projection: applying a range at
 * once equals applying it in any parts, and a rebuilt view equals the live one.
 *
 * The log is attached to the view's connection as `log`, for reading. Where older events were
 * archived, `log` is the one file of the history that holds the range, and the view `history` is the
 * events of all its files.
 */
export interface Projection {
  readonly name: string
  /** Raised whenever `tables` or the meaning of `prepare` changes: views of another version are rebuilt. */
  readonly version: number
  /** What stands after `create table NAME`. */
  readonly tables: Readonly<Record<string, string>>
  /** What stands after `create index NAME on`. */
  readonly indexes?: Readonly<Record<string, string>>
  prepare(db: Database): (range: PositionRange) => void
  /**
   * A view that has this is deferred: nothing that serves requests reads it or waits for it. It is built
   * from nothing after all others, over all files of a history at once, in batches that are called one
   * after another; between two of them the other views may move on.
   *
   * @param upTo the position of the other views when a batch is called
   */
  prepareBuild?(db: Database, progress?: Progress): (upTo: () => number) => Iterable<() => void>
  /** What `views check` compares: every row of the view as one line, in a fixed order. */
  readonly rows: string
}
