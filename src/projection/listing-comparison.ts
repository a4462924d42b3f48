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
  type ResourceKey,
  type ResourceType,
  type SpName,
} from '../ids.js'
import { readState, whyUnfit } from './belonging.js'
import { isPresent, joinParent, ownerOf } from './views/locations.js'

/**
 * A difference between a cloud and the view `locations`.
 *
 * - `unknown`: the cloud has the resource, the view has no row of it at that cloud.
 * - `returned`: the cloud has it, in the view it is deleted.
 * - `owner`: in the cloud it belongs to another project than in the view.
 * - `gone`: the view has it, the cloud does not.
 */
export interface Drift {
  readonly difference: 'unknown' | 'returned' | 'owner' | 'gone'
  readonly resource: ResourceKey
  /** Its project at the cloud; null if the cloud does not name it or the resource is gone. */
  readonly project: ProjectId | null
  /** Its project in the view; null if the view does not know it. */
  readonly believed: ProjectId | null
  /** The resource that it was made from and moves with. */
  readonly parent: ResourceId | null
  /** When the cloud listed it, by the clock of the cloud. If in doubt, too early rather than too late. */
  readonly at: Micros
}

/** One resource as a cloud lists it. */
export interface ListedResource {
  readonly id: ResourceId
  /** Null if the list does not name it. */
  readonly project: ProjectId | null
  readonly parent: ResourceId | null
}

/** One type of resource at one cloud: its list, and the rows of the view. */
interface Comparison extends Disposable {
  /** The position of the view when the comparison was opened, before anything was listed. */
  readonly since: Position
  /** The number of resources in the view then. */
  readonly expected: number
  /**
   * Add a page of the list.
   *
   * @param at when the cloud listed it
   * @returns how many of its items were not on an earlier page
   */
  add(page: readonly ListedResource[], at: Micros): number
  /** Listed resources that are missing or different in the view, in batches. */
  surplus(): Generator<Drift[]>
  /**
   * Resources in the view that are not listed, in batches. Resources with events since the comparison
   * was opened are left out, because the list may be older.
   *
   * @param within the only project to compare; null for all
   */
  missing(within: ProjectId | null): Generator<Drift[]>
}

/** Small batches do not block other work of the process. */
const BATCH = 500
const CACHE_KIB = 8192

/**
 * Compare the resources that a cloud lists with the view. The list is stored in a temporary database on
 * the disk, so it may be large.
 *
 * @throws LOG_NOT_FOUND if there are no views, VIEWS_UNAVAILABLE if they are of another log
 */
export function openComparison(
  { logFile, viewsFile }: { readonly logFile: string; readonly viewsFile: string },
  serviceProvider: SpName,
  type: ResourceType,
): Comparison {
  if (!existsSync(viewsFile)) {
    const message = `${viewsFile}: no views there. "mixmatch record" builds them from the log.`
    throw new MixmatchError('LOG_NOT_FOUND', message)
  }
  const db = new Database('') // an empty name means a temporary database on the disk
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma('journal_mode = OFF') // it is temporary
  db.exec(`create table listed (id any primary key, project text, parent any, at integer)
    strict, without rowid`)
  db.prepare('attach ? as views').run(viewsFile)
  const unfit = whyUnfit(readState(db), logFile)
  if (unfit !== null) {
    db.close()
    throw new MixmatchError('VIEWS_UNAVAILABLE', `${viewsFile}: ${unfit}.`)
  }
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
      const limits = { since, within }
      for (const rows of batches(after => statements.missing.all({ ...key(), ...limits, after }))) {
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
  /** Whether the view has a row of it, and whether the resource exists according to that row; 0 or 1. */
  readonly known: number
  readonly alive: number
  readonly believed: string | null
}

interface MissingRow {
  readonly id: StoredId
  readonly believed: string | null
  /** The time of the last event according to which it existed. */
  readonly at: number
}

interface Key {
  readonly type: number
  /** The number of the cloud in the view; null if the view has no events of it. */
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
        where l.resource_type = :type and l.service_provider = :cloud and ${isPresent('l')}`,
      )
      .pluck(),
    add: db.prepare(
      'insert into listed (id, project, parent, at) values (?, ?, ?, ?) on conflict do nothing',
    ),
    // If the view has an event that is newer than the list, the view is right.
    surplus: db.prepare<[Key], SurplusRow>(`
      select s.id, s.project, s.parent, s.at, l.resource_id is not null as known,
        ifnull(${isPresent('l')}, false) as alive, owner.name as believed
      from listed s
      left join locations l on l.resource_type = :type and l.resource_id = s.id
        and l.service_provider = :cloud
      ${places}
      where s.id > :after and case
        when l.resource_id is null then true
        when ${isPresent('l')} then s.project is not null and s.project is not owner.name
          and s.at > max(ifnull(l.owner_at, 0), ifnull(volume.transferred_at, 0))
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
        and ${isPresent('l')} and l.last_position <= :since
        and (:within is null or owner.name = :within)
        and not exists (select 1 from listed s where s.id = l.resource_id)
      order by l.resource_id limit ${BATCH}`),
  }
}

/** SQLite sorts text ids before the bytes of UUIDs, and the empty text before all others. */
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
