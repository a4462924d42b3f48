import type { Database } from 'better-sqlite3'
import { kindCode, resourceTypeCode, type StoredId } from '../event/stored.js'
import { type FactRow, readFact, selectFacts } from './facts.js'
import type { Projection, Stretch } from './projection.js'
import { type Turn, turnsOf } from './turns.js'

const NOTED = kindCode('noted')
const CREATED = kindCode('created')
const CHANGED = kindCode('changed')
const TRANSFERRED = kindCode('transferred')
const DELETED = kindCode('deleted')
const VOLUME = resourceTypeCode('volume')

/**
 * The history of `locations`: in which cloud a resource was for which project, from when to when,
 * and which events began and ended that (`turns.ts`). Times are those of the cloud itself, so this
 * tells what was the case as far as is known today; what was known at a time is `replay/at.ts`.
 *
 * The turns of a resource follow from all its events in the order of their times, whenever they
 * came. So a stretch of the log is applied by finding the resources that it has news of, and folding
 * their events anew from the first one that matters. A resource with an hourly `exists` is not folded
 * again for being told what is known.
 */
export const placements: Projection = {
  name: 'placements',
  version: 1,
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
      primary key (resource_type, resource_id, service_provider, from_at, from_position)
    ) strict, without rowid`,
  },
  prepare(db) {
    db.exec(`create temp table if not exists touched (
      resource_type integer not null,
      resource_id any not null,
      service_provider integer not null,
      since integer not null
    ) strict`)
    const empty = db.prepare('select not exists (select 1 from placements)').pluck()
    const plain = db.prepare(insertPlain)
    const touch = { some: db.prepare(touchTold), rest: db.prepare(touchUnplaced) }
    const refold = folding(db)
    return stretch => {
      if (empty.get() === 1) {
        plain.run(stretch)
        touch.rest.run()
      } else {
        touch.some.run(stretch)
      }
      refold(stretch)
    }
  },
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

const key = ['resource_type', 'resource_id', 'service_provider']
const columns = key.join(', ')
const sameKey = (one: string, other: string) =>
  key.map(column => `${one}.${column} = ${other}.${column}`).join(' and ')

const located = 'kind > 0 and resource_type is not null and resource_id is not null'
const inStretch = 'position between :after + 1 and :upTo'

/*
 * Where nothing is placed yet, most resources have one turn for one project, which an aggregate
 * tells at ten times the speed of a fold. The rest (given away, deleted more than once, made again,
 * or once named without their project) is left to the fold. A turn most often begins with the only
 * creation, whose position is then known; else it is looked up.
 */
const insertPlain = `
  insert into placements
  select ${columns}, first_at,
    case when creations = 1 and created_at = first_at then created_position else
      (select position from log.events e indexed by events_by_resource
        where ${sameKey('e', 'life')} and e.kind > ${NOTED} and +e.position <= :upTo
        order by at, kind, position limit 1)
    end,
    owner, parent, deleted_at, deleted_position
  from (
    select ${columns}, min(at) as first_at,
      min(project) as owner, max(project) as other_owner, count(project) in (0, count(*)) as sure,
      count(*) filter (where kind = ${CREATED}) as creations,
      max(at) filter (where kind = ${CREATED}) as created_at,
      max(position) filter (where kind = ${CREATED}) as created_position,
      count(*) filter (where kind = ${DELETED}) as deletions,
      max(at) filter (where kind = ${DELETED}) as deleted_at,
      max(position) filter (where kind = ${DELETED}) as deleted_position,
      max(parent) as parent
    from log.events indexed by events_by_resource
    where ${located} and ${inStretch}
    group by ${columns}
  ) life
  where sure and owner is other_owner and deletions <= 1 and ifnull(created_at <= deleted_at, true)
    and (parent is null or not exists (
      select 1 from locations volume
      where volume.resource_type = ${VOLUME} and volume.resource_id = life.parent
        and volume.service_provider = life.service_provider and volume.given_at is not null))`

const touchUnplaced = `
  insert into touched
  select ${columns}, 0 from locations l
  where not exists (select 1 from placements p where ${sameKey('p', 'l')})`

/** An event tells nothing new if it says again, later, what its resource's present turn says. */
const touchTold = `
  insert into touched
  select ${columns}, min(since) from (
    select e.resource_type, e.resource_id, e.service_provider,
      case when e.parent is null or e.parent = p.parent then e.at else 0 end as since
    from log.events e not indexed
    left join placements p on ${sameKey('p', 'e')} and p.to_at is null
    where e.kind > ${NOTED} and e.resource_type is not null and e.resource_id is not null
      and e.${inStretch} and not ifnull(
      p.from_at < e.at and e.kind in (${CREATED}, ${CHANGED})
        and (e.project is null or e.project = p.owner)
        and (e.parent is null or e.parent = p.parent), false)
    union all
    select child.resource_type, child.resource_id, child.service_provider, e.at
    from log.events e not indexed
    join locations child on child.parent = e.resource_id
      and child.service_provider = e.service_provider
    where e.${inStretch} and e.kind = ${TRANSFERRED} and e.resource_type = ${VOLUME}
      and e.project is not null
  )
  group by ${columns}`

interface Touched {
  readonly resource_type: number
  readonly resource_id: StoredId
  readonly service_provider: number
  readonly since: number
  readonly parent: StoredId | null
}

interface TurnRow {
  readonly from_at: number
  readonly from_position: number
  readonly owner: number | null
  readonly to_at: number | null
  readonly to_position: number | null
}

/** Fold the touched resources anew, from the time on at which something new was said of each. */
function folding(db: Database): (stretch: Stretch) => void {
  const touched = db.prepare<[], Touched>(
    `select t.*, l.parent from touched t join locations l on ${sameKey('l', 't')}`,
  )
  const facts = db.prepare<[Touched & Stretch], FactRow>(selectFacts('history'))
  const ofKey = key.map(column => `${column} = :${column}`).join(' and ')
  const last = db.prepare<[Touched], TurnRow>(`
    select * from placements where ${ofKey} and from_at < :since
    order by from_at desc, ifnull(to_at, from_at) desc, to_at is null desc limit 1`)
  const forget = db.prepare<[Touched]>(`
    delete from placements where ${ofKey}
      and (from_at >= :since or to_at is null or to_at >= :since)`)
  const insert = db.prepare(`
    insert into placements values (:resource_type, :resource_id, :service_provider,
      :from_at, :from_position, :owner, :parent, :to_at, :to_position)`)
  const forgetTouched = db.prepare('delete from touched')

  return stretch => {
    for (const resource of touched.all()) {
      const before = last.get(resource)
      const rows = facts.all({ ...resource, ...stretch })
      forget.run(resource)
      for (const turn of turnsOf(rows.map(readFact), before && readTurn(before))) {
        insert.run({ ...resource, ...turnRow(turn) })
      }
    }
    forgetTouched.run()
  }
}

function readTurn(row: TurnRow): Turn {
  return {
    from: { at: row.from_at, position: row.from_position },
    owner: row.owner,
    to:
      row.to_at === null || row.to_position === null
        ? null
        : { at: row.to_at, position: row.to_position },
  }
}

function turnRow({ from, owner, to }: Turn): TurnRow {
  return {
    from_at: from.at,
    from_position: from.position,
    owner,
    to_at: to?.at ?? null,
    to_position: to?.position ?? null,
  }
}
