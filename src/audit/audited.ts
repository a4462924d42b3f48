import type { Database } from 'better-sqlite3'
import { readResourceId, resourceTypeOf, type StoredId } from '../event/stored.js'
import { formatTime } from '../event/time.js'
import { micros, type Position, type ResourceKey } from '../ids.js'
import type { History } from '../log/history.js'
import type { Told } from '../projection/advance.js'
import { openViewsAside } from '../projection/aside.js'
import type { Cell } from './report.js'

/** A history under audit: its files, and beside them its views, which leave nothing behind. */
export interface Audited extends Disposable {
  readonly history: History
  /** Views as temporary tables, all events as the view `history`; nothing can be written. */
  readonly db: Database
  /** The last event that is looked at. */
  readonly upTo: Position
  /** When it was recorded; null for an empty log. */
  readonly until: number | null
  /** When the first event was recorded; null for an empty log. */
  readonly since: number | null
}

/**
 * Build the views of a history aside, for questions about it.
 *
 * @param upTo the last event to look at; the history's head where it is not given
 * @param progress called now and then with how much of the building is done, and of how much
 */
export function openAudited(
  history: History,
  upTo: Position = history.head().position,
  progress?: Told,
): Audited {
  const files = history.parts.map(({ file }) => file)
  const views = openViewsAside(files, upTo, progress)
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

/** What a report was made from. */
export function scopeOf({ history, upTo, since, until }: Audited): Record<string, Cell> {
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

export function caveatsOf({ history }: Audited): string[] {
  const { position, archive } = history.base()
  return position === 0
    ? []
    : [
        `The history begins after event ${position}: what was recorded before is in the archive ` +
          `${archive}, which was not read. What was created then is known only by what was said of it later.`,
      ]
}

/** A name that is not in the history is most often a mistake, and an empty answer would hide it. */
export function unheardOf(
  { db }: Audited,
  names: { readonly clouds: readonly string[]; readonly projects: readonly string[] },
): string[] {
  const unheard = (table: string, asked: readonly string[]) => {
    const heard = db.prepare<[string], number>(`select id from ${table} where name = ?`)
    return asked.filter(name => heard.get(name) === undefined)
  }
  return [
    ...unheard('service_providers', names.clouds).map(cloud => `cloud "${cloud}"`),
    ...unheard('projects', names.projects).map(project => `project "${project}"`),
  ].map(what => `The history has never heard of a ${what}: is the name right?`)
}

/** A time as reports print it. */
export function time(at: number | null): string | null {
  return at === null ? null : formatTime(micros(at))
}

export function readResource(type: number, id: StoredId): ResourceKey {
  return { type: resourceTypeOf(type), id: readResourceId(id) }
}
