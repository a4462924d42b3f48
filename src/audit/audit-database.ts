import type { Database } from 'better-sqlite3'
import { readResourceId, resourceTypeOf, type StoredId } from '../event/stored.js'
import { formatTime } from '../event/time.js'
import { micros, type Position, type ResourceKey } from '../ids.js'
import type { History } from '../log/history.js'
import type { Progress } from '../projection/projection.js'
import { openTemporaryViews } from '../projection/temporary-views.js'
import type { Caveat, Cell } from './report.js'

/** A history and its views, for reports. It writes no files. */
export interface AuditDatabase extends Disposable {
  readonly history: History
  /** Read-only: the views as temporary tables, and all events as the view `history`. */
  readonly db: Database
  /** The last event that is read. */
  readonly upTo: Position
  /** When it was recorded; null for an empty log. */
  readonly until: number | null
  /** When the first event was recorded; null for an empty log. */
  readonly since: number | null
}

/**
 * Build the views of a history in temporary tables.
 *
 * @param upTo the last event to read; the head of the history by default
 * @param progress called from time to time with the number of applied events and the total
 */
export function openAuditDatabase(
  history: History,
  upTo: Position = history.head().position,
  progress?: Progress,
): AuditDatabase {
  const files = history.parts.map(({ file }) => file)
  const views = openTemporaryViews(files, upTo, progress)
  const { db } = views
  const recordedAt = db
    .prepare<[number], number>('select recorded_at from history where position = ?')
    .pluck()
  return {
    history,
    db,
    upTo,
    since: recordedAt.get(history.base().position + 1) ?? null,
    until: recordedAt.get(upTo) ?? null,
    [Symbol.dispose]: () => views[Symbol.dispose](),
  }
}

/** The scope of a report: its files, events and times. */
export function describeScope({
  history,
  upTo,
  since,
  until,
}: AuditDatabase): Record<string, Cell> {
  return {
    log: history.parts.map(({ file }) => file).join(', '),
    events: upTo - history.base().position,
    last_position: upTo,
    head: hashAt(history, upTo),
    recorded_from: time(since),
    recorded_until: time(until),
  }
}

/** The hash of the last event that is read. A recorder may have appended more since. */
function hashAt(history: History, upTo: Position): string {
  const base = history.base()
  return history.get(upTo)?.hash ?? base.hash
}

/** A caveat if the beginning of the history is missing. */
export function listCaveats({ history }: Pick<AuditDatabase, 'history'>): Caveat[] {
  const { position, archive } = history.base()
  if (position === 0) return []
  return [
    {
      text:
        `The history begins after event ${position}: what was recorded before is in the archive ` +
        `${archive}, which was not read. Resources that they created are known only from later events.`,
      brief: `the first ${position} events are in the archive ${archive}, which was not read`,
    },
  ]
}

/** A caveat for clouds of which the history has no event: it says nothing about them. */
export function findUnheardClouds(database: AuditDatabase, clouds: readonly string[]): Caveat[] {
  const known = listClouds(database)
  const names = clouds.filter(cloud => !known.includes(cloud)).join(', ')
  if (names === '') return []
  return [
    {
      text: `${names}: the history has no event of this cloud, so it says nothing about it.`,
      brief: `no event of ${names} in the history`,
    },
  ]
}

/** The names of all clouds, in the order of their first events. */
export function listClouds({ db }: AuditDatabase): string[] {
  return db.prepare<[], string>('select name from service_providers order by id').pluck().all()
}

/** Format a time for reports; null stays null. */
export function time(at: number | null): string | null {
  return at === null ? null : formatTime(micros(at))
}

/** Read a resource from the columns of a row. */
export function readResource(type: number, id: StoredId): ResourceKey {
  return { type: resourceTypeOf(type), id: readResourceId(id) }
}
