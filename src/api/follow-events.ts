import { statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Answers } from './queries.js'
import type { QueryRunner } from './query-runner.js'
import type { Viewer } from './viewer.js'

/** How often the files of the log are checked for changes. */
const LOOK_MS = 250
/** How often the log is queried even if its files have not changed. */
const ASK_MS = 5_000
const MOST_AT_ONCE = '200'

interface Following {
  readonly queryRunner: Pick<QueryRunner, 'ask'>
  readonly logFile: string
  /** The filters of the query `events`. */
  readonly filters: Readonly<Record<string, unknown>>
  /** Follow the events after this position; from the head of the log by default. */
  readonly after?: string | undefined
  readonly viewer: Viewer
  /** Ends the iteration without an error. */
  readonly signal: AbortSignal
}

/**
 * Yield new events as they are recorded, in order: pages of the query `events`, which can be empty.
 * Throws as that query.
 */
export async function* followEvents(following: Following): AsyncGenerator<Answers['events']> {
  const { queryRunner, logFile, filters, viewer, signal } = following
  let cursor = following.after ?? String((await queryRunner.ask('log', {}, viewer)).events)
  while (!signal.aborted) {
    const before = fingerprintOf(logFile)
    const parameters = { ...filters, order: 'oldest', cursor, limit: MOST_AT_ONCE }
    const page = await queryRunner.ask('events', parameters, viewer)
    yield page
    cursor = String(page.next ?? Math.max(Number(cursor), page.searched.to))
    if (page.next === null) await waitForChange(logFile, before, signal)
  }
}

/** Wait until the files of the log have changed; the recorder may not have appended to them. */
async function waitForChange(logFile: string, before: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + ASK_MS
  do {
    await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined)
  } while (!signal.aborted && performance.now() < until && fingerprintOf(logFile) === before)
}

/** Changes with every append: SQLite writes to the write-ahead log first. */
function fingerprintOf(logFile: string): string {
  return [logFile, `${logFile}-wal`]
    .map(file => statSync(file, { throwIfNoEntry: false }))
    .map(stat => (stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : '-'))
    .join(' ')
}
