import type { Result } from './result.js'

export interface RowOptions {
  /** For files; removed at the end of the run. */
  readonly folder: string
  /** Smaller inputs and fewer rounds: shows that it works, and roughly where it stands. */
  readonly quick: boolean
}

/** One benchmark. Its results are lines of the table. */
export interface Row {
  /** As on the command line. */
  readonly name: string
  readonly title: string
  /** @throws Error if it cannot be measured, for example because a program is missing */
  measure(options: RowOptions): Promise<readonly Result[]>
}
