import type { Database } from 'better-sqlite3'
import { kindCode, type StoredId } from '../../event/stored.js'
import type { PositionRange } from '../../ids.js'
import {
  foldPlacements,
  type PlacementInterval,
  type ResourceEvent,
} from '../placement-intervals.js'
import type { Progress, Projection } from '../projection.js'
import {
  isTransferOfVolumeInRange,
  prepareParentTransfers,
  prepareResourceEvents,
  type Resource,
} from '../resource-events.js'
import { isSameResource, resourceKey } from './locations.js'

const CREATED = kindCode('created')
const CHANGED = kindCode('changed')
const key = resourceKey.join(', ')

/**
 * The history of `locations`: which cloud held a resource of which project, from when to when, and which
 * events began and ended that (`placement-intervals.ts`). Times are from the clock of the cloud. So this
 * is the past as known today; `replay/` has what was known at an earlier time.
 *
 * Late events can change earlier placements. So all events of a resource are always folded together,
 * in the order of their times: of every resource in a build, otherwise of the resources with new events
 * in a range of the log. Audits read this view, requests do not.
 */
export const placements: Projection = {
  name: 'placements',
  version: 4,
  tables: {
    placements: `(
      resource_type integer not null,
      resource_id any not null,
      service_provider integer not null,
      from_at integer not null,
      from_position integer not null,
      owner integer,
      parent any,
      to_at integer,
      to_position integer,
      primary key (${key}, from_at, from_position)
    ) strict, without rowid`,
  },
  prepare: prepareRefold,
  prepareBuild,
  rows: `
    select json_array(p.resource_type,
        case typeof(p.resource_id) when 'blob' then hex(p.resource_id) else p.resource_id end,
        sp.name, p.from_at, p.from_position, owner.name,
        case typeof(p.parent) when 'blob' then hex(p.parent) else p.parent end,
        p.to_at, p.to_position)
    from placements p
    join service_providers sp on sp.id = p.service_provider
    left join projects owner on owner.id = p.owner
    order by 1`,
}

type Key = readonly [type: number, id: StoredId, serviceProvider: number]
/** Sorts before every key: SQLite sorts text ids before the bytes of UUIDs. */
const FIRST: Key = [-1, '', -1]

type ResourceRow = readonly [...Key, parent: StoredId | null, events: number]

/** The maximum of resources and of events in memory, for a log of any length. */
const AT_ONCE = { resources: 1_000, events: 20_000 }

/**
 * Prepare to build the placements of all resources in `locations`, in batches, ordered by their keys.
 * One statement reads the events of a batch in the same order. `locations` has the number of events of
 * each resource: comparing the ids of each event would take longer than everything else.
 *
 * @returns the batches, to call one after another
 */
function prepareBuild(
  db: Database,
  progress?: Progress,
): (upTo: () => number) => Generator<() => void> {
  const count = db
    .prepare<[], [events: number]>('select ifnull(sum(events), 0) from locations')
    .raw()
  const resources = db
    .prepare<[...Key], ResourceRow>(`
      select ${key}, parent, events from locations
      where (${key}) > (?, ?, ?) order by ${key} limit ${AT_ONCE.resources}`)
    .raw()
  const events = db
    .prepare<[...Key, ...Key, number], ResourceEvent>(`
      select at, position, kind, project from history
      where kind > 0 and (${key}) > (?, ?, ?) and (${key}) <= (?, ?, ?) and +position <= ?
      order by ${key}, at`)
    .raw()
  const parentTransfers = prepareParentTransfers(db, 'history')
  const insert = prepareInsert(db)

  function buildBatch(after: Key, rows: readonly ResourceRow[], upTo: number): void {
    const [type, id, cloud] = rows.at(-1) ?? after
    const found = events.all(...after, type, id, cloud, upTo)
    let next = 0
    for (const [type, id, cloud, parent, events] of rows) {
      const own = found.slice(next, next + events)
      next += events
      const others = parentTransfers({ parent, service_provider: cloud }, upTo)
      insert([type, id, cloud], parent, foldPlacements([...own, ...others]))
    }
    if (next !== found.length) {
      throw new RangeError(`the view locations counts ${next} events where ${found.length} are`)
    }
  }

  return function* batches(upTo) {
    db.exec('delete from placements')
    const [all = 0] = count.get() ?? []
    let done = 0
    let last = FIRST
    for (let rows = resources.all(...last); rows.length > 0; rows = resources.all(...last)) {
      const batch = firstBatch(rows)
      const after = last
      yield () => buildBatch(after, batch, upTo())
      const [type, id, cloud] = batch.at(-1) ?? FIRST
      last = [type, id, cloud]
      done += batch.reduce((sum, [, , , , events]) => sum + events, 0)
      progress?.(done, all)
    }
  }
}

/** The first rows that together have not too many events, but at least one row. */
function firstBatch(rows: readonly ResourceRow[]): readonly ResourceRow[] {
  let sum = 0
  const end = rows.findIndex(([, , , , events]) => {
    sum += events
    return sum > AT_ONCE.events
  })
  return end < 0 ? rows : rows.slice(0, Math.max(1, end))
}

function prepareInsert(db: Database) {
  const insert = db.prepare('insert into placements values (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  return (
    [type, id, cloud]: Key,
    parent: StoredId | null,
    intervals: readonly PlacementInterval[],
  ): void => {
    for (const { from, owner, to } of intervals) {
      const end = to ?? { at: null, position: null }
      insert.run(type, id, cloud, from.at, from.position, owner, parent, end.at, end.position)
    }
  }
}

const inRange = 'position between :after + 1 and :upTo'

/**
 * SQL for the resources with new events in a range. Later events that only repeat the present placement
 * do not count: so a resource with an hourly `exists` is not folded every hour.
 */
const selectTouched = `
  select distinct ${key}, l.parent from (
    select e.resource_type, e.resource_id, e.service_provider
    from history e
    left join placements p on ${isSameResource('p', 'e')} and p.to_at is null
    where e.kind > 0 and e.resource_type is not null and e.resource_id is not null
      and e.${inRange} and not ifnull(
      p.from_at < e.at and e.kind in (${CREATED}, ${CHANGED})
        and (e.project is null or e.project = p.owner)
        and (e.parent is null or e.parent = p.parent), false)
    union all
    select child.resource_type, child.resource_id, child.service_provider
    from (
      select distinct e.resource_id, e.service_provider from history e
      where e.${inRange} and ${isTransferOfVolumeInRange}
    ) volume
    join locations child on child.parent = volume.resource_id
      and child.service_provider = volume.service_provider
  ) join locations l using (${key})`

/** Prepare to fold again the resources with new events in a range. */
function prepareRefold(db: Database): (range: PositionRange) => void {
  const touched = db.prepare<[PositionRange], Resource>(selectTouched)
  const eventsOf = prepareResourceEvents(db, 'history')
  const remove = db.prepare<[Resource]>(
    `delete from placements where ${resourceKey.map(column => `${column} = :${column}`).join(' and ')}`,
  )
  const insert = prepareInsert(db)
  return range => {
    for (const resource of touched.all(range)) {
      const { resource_type, resource_id, service_provider, parent } = resource
      remove.run(resource)
      const intervals = foldPlacements(eventsOf(resource, range.upTo))
      insert([resource_type, resource_id, service_provider], parent, intervals)
    }
  }
}
