import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { readResourceId, resourceTypeCode, type StoredId, storeId } from '../event/stored.js'
import {
  type Micros,
  micros,
  type Position,
  type ProjectId,
  position,
  projectId,
  type ResourceId,
  type ResourceType,
  type SpName,
} from '../ids.js'
import { joinParent, lives, ownerOf } from '../projection/locations.js'
import type { Drift } from './reconcile-events.js'

/** One resource as a cloud lists it. */
export interface ListedResource {
  readonly id: ResourceId
  /** null where the list does not say. */
  readonly project: ProjectId | null
  readonly parent: ResourceId | null
}

/** One type of resource at one cloud: what was listed of it, beside what the view has. */
export interface Comparison extends Disposable {
  /** What the view was caught up with when the comparison was opened, before anything was listed. */
  readonly since: Position
  /** How many of them the view had then. */
  readonly expected: number
  /**
   * Take a page of the list in.
   *
   * @param at when it was so
   * @returns how many were not in a page before it
   */
  add(page: readonly ListedResource[], at: Micros): number
  /** Which of what was listed the view has not, or has otherwise, in batches. */
  surplus(): Generator<Drift[]>
  /**
   * Which of what the view has was not listed, in batches. What anything was said of since the
   * comparison was opened is not among them: the list may be older than that.
   *
   * @param within only of this project; null for all
   */
  missing(within: ProjectId | null): Generator<Drift[]>
}

/** A batch is so small that nobody waits for it who shares the process. */
const BATCH = 500
const CACHE_KIB = 8192

/**
 * Compare what a cloud lists with the view. What is listed is kept in a temporary database, so that
 * its size is one of disk and not of memory.
 *
 * @throws LOG_NOT_FOUND where there are no views
 */
export function openComparison(
  viewsFile: string,
  serviceProvider: SpName,
  type: ResourceType,
): Comparison {
  if (!existsSync(viewsFile)) {
    const message = `${viewsFile}: no views there. "mixmatch record" builds them from the log.`
    throw new MixmatchError('LOG_NOT_FOUND', message)
  }
  const db = new Database('') // SQLite's word for a temporary one on the disk
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma('journal_mode = OFF') // it is thrown away whatever happens
  db.exec(`create table listed (id any primary key, project text, parent any, at integer)
    strict, without rowid`)
  db.prepare('attach ? as views').run(viewsFile)
  const statements = prepare(db)
  const cloud = db
    .prepare<[string], number>('select id from service_providers where name = ?')
    .pluck()
  const key = () => ({ type: resourceTypeCode(type), cloud: cloud.get(serviceProvider) ?? null })
  const since = position(statements.position.get() ?? 0)

  return {
    since,
    expected: statements.count.get(key()) ?? 0,
    add: db.transaction((page: readonly ListedResource[], at: Micros) => {
      let added = 0
      for (const { id, project, parent } of page) {
        added += statements.add.run(storeId(id), project, parent && storeId(parent), at).changes
      }
      return added
    }),
    *surplus() {
      for (const rows of batches(after => statements.surplus.all({ ...key(), after }))) {
        yield rows.map(row => surplusDrift(type, row))
      }
    },
    *missing(within) {
      const question = { since, within }
      for (const rows of batches(after =>
        statements.missing.all({ ...key(), ...question, after }),
      )) {
        yield rows.map(row => missingDrift(type, row))
      }
    },
    [Symbol.dispose]() {
      db.close()
    },
  }
}

interface SurplusRow {
  readonly id: StoredId
  readonly project: string | null
  readonly parent: StoredId | null
  readonly at: number
  /** Whether the view has a row of it, and whether that is alive; both 0 or 1. */
  readonly known: number
  readonly alive: number
  readonly believed: string | null
}

interface MissingRow {
  readonly id: StoredId
  readonly believed: string | null
  /** The latest moment at which anybody said that it was there. */
  readonly at: number
}

interface Key {
  readonly type: number
  /** The view's number for the cloud; null where it has heard nothing of it. */
  readonly cloud: number | null
  readonly after: StoredId
}

function prepare(db: Database.Database) {
  const places = `
    ${joinParent('l', 'volume')}
    left join projects owner on owner.id = ${ownerOf('l', 'volume')}`
  return {
    position: db.prepare<[], number>('select position from views.state').pluck(),
    count: db
      .prepare<[Omit<Key, 'after'>], number>(
        `select count(*) from locations l
        where l.resource_type = :type and l.service_provider = :cloud and ${lives('l')}`,
      )
      .pluck(),
    add: db.prepare(
      'insert into listed (id, project, parent, at) values (?, ?, ?, ?) on conflict do nothing',
    ),
    // A view that was told something later than the list knows better.
    surplus: db.prepare<[Key], SurplusRow>(`
      select s.id, s.project, s.parent, s.at, l.resource_id is not null as known,
        ifnull(${lives('l')}, false) as alive, owner.name as believed
      from listed s
      left join locations l on l.resource_type = :type and l.resource_id = s.id
        and l.service_provider = :cloud
      ${places}
      where s.id > :after and case
        when l.resource_id is null then true
        when ${lives('l')} then s.project is not null and s.project is not owner.name
          and s.at > max(ifnull(l.owner_at, 0), ifnull(volume.given_at, 0))
        else s.at > l.deleted_at end
      order by s.id limit ${BATCH}`),
    missing: db.prepare<
      [Key & { readonly since: Position; readonly within: ProjectId | null }],
      MissingRow
    >(`
      select l.resource_id as id, owner.name as believed,
        max(ifnull(l.created_at, 0), ifnull(l.owner_at, 0)) as at
      from locations l
      ${places}
      where l.resource_type = :type and l.service_provider = :cloud and l.resource_id > :after
        and ${lives('l')} and l.last_position <= :since
        and (:within is null or owner.name = :within)
        and not exists (select 1 from listed s where s.id = l.resource_id)
      order by l.resource_id limit ${BATCH}`),
  }
}

/** Ids that are text come before those that are bytes, and nothing before the empty text. */
const FIRST = ''

function* batches<Row extends { readonly id: StoredId }>(
  read: (after: StoredId) => Row[],
): Generator<Row[]> {
  let after: StoredId = FIRST
  while (true) {
    const rows = read(after)
    const last = rows.at(-1)
    if (!last) return
    yield rows
    after = last.id
  }
}

function surplusDrift(type: ResourceType, row: SurplusRow): Drift {
  return {
    difference: row.known === 0 ? 'unknown' : row.alive === 0 ? 'returned' : 'owner',
    resource: { type, id: readResourceId(row.id) },
    project: row.project === null ? null : projectId(row.project),
    believed: row.believed === null ? null : projectId(row.believed),
    parent: row.parent === null ? null : readResourceId(row.parent),
    at: micros(row.at),
  }
}

function missingDrift(type: ResourceType, row: MissingRow): Drift {
  return {
    difference: 'gone',
    resource: { type, id: readResourceId(row.id) },
    project: null,
    believed: row.believed === null ? null : projectId(row.believed),
    parent: null,
    at: micros(row.at),
  }
}
