import type { Database } from 'better-sqlite3'
import { readResourceId, resourceTypeOf, type StoredId } from '../event/stored.js'
import { formatTime } from '../event/time.js'
import { micros, type Position, type ResourceKey } from '../ids.js'
import type { History } from '../log/history.js'
import type { Progress } from '../projection/projection.js'
import { openTemporaryViews } from '../projection/temporary-views.js'
import type { Cell } from './report.js'

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
  const { hash } = history.head()
  return {
    log: history.parts.map(({ file }) => file).join(', '),
    events: upTo - history.base().position,
    last_position: upTo,
    head: hash,
    recorded_from: time(since),
    recorded_until: time(until),
  }
}

/** A caveat if the beginning of the history is missing. */
export function listCaveats({ history }: AuditDatabase): string[] {
  const { position, archive } = history.base()
  return position === 0
    ? []
    : [
        `The history begins after event ${position}: what was recorded before is in the archive ` +
          `${archive}, which was not read. What was created then is known only by what was said of it later.`,
      ]
}

/** Caveats for names that are not in the history. Usually these are mistakes. */
export function findUnknownNames(
  { db }: AuditDatabase,
  names: { readonly clouds: readonly string[]; readonly projects: readonly string[] },
): string[] {
  const unknown = (table: string, given: readonly string[]) => {
    const find = db.prepare<[string], number>(`select id from ${table} where name = ?`)
    return given.filter(name => find.get(name) === undefined)
  }
  return [
    ...unknown('service_providers', names.clouds).map(cloud => `cloud "${cloud}"`),
    ...unknown('projects', names.projects).map(project => `project "${project}"`),
  ].map(what => `The history has never heard of a ${what}: is the name right?`)
}

/** Format a time for reports; null stays null. */
export function time(at: number | null): string | null {
  return at === null ? null : formatTime(micros(at))
}

/** Read a resource from the columns of a row. */
export function readResource(type: number, id: StoredId): ResourceKey {
  return { type: resourceTypeOf(type), id: readResourceId(id) }
}
