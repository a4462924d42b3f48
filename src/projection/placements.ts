import type { Database } from 'better-sqlite3'
import { kindCode, resourceTypeCode, type StoredId } from '../event/stored.js'
import { type FactRow, readFacts, selectFacts } from './facts.js'
import { lifeKey, sameLife } from './lives.js'
import type { Projection, Stretch } from './projection.js'
import { type Turn, turnsOf } from './turns.js'

const NOTED = kindCode('noted')
const CREATED = kindCode('created')
const CHANGED = kindCode('changed')
const TRANSFERRED = kindCode('transferred')
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
  version: 2,
  byResource: true,
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
        plain.run()
        touch.rest.run()
      } else {
        touch.some.run({ after: stretch.after, upTo: stretch.upTo })
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

const columns = lifeKey.join(', ')
const inStretch = 'position between :after + 1 and :upTo'

/*
 * Where nothing is placed yet, most resources have the one turn that the grouping for `locations`
 * knows. The rest is left to the fold, which takes twenty times as long.
 */
const insertPlain = `
  insert into placements
  select ${columns}, from_at, from_position, owner, parent, deleted_at, to_position
  from lives where plain`

const touchUnplaced = `insert into touched select ${columns}, 0 from lives where not plain`

/** An event tells nothing new if it says again, later, what its resource's present turn says. */
const touchTold = `
  insert into touched
  select ${columns}, min(since) from (
    select e.resource_type, e.resource_id, e.service_provider,
      case when e.parent is null or e.parent = p.parent then e.at else 0 end as since
    from log.events e not indexed
    left join placements p on ${sameLife('p', 'e')} and p.to_at is null
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
    `select t.*, l.parent from touched t join locations l on ${sameLife('l', 't')}`,
  )
  const facts = db.prepare<[Touched & { readonly upTo: number }], FactRow>(selectFacts('history'))
  const ofKey = lifeKey.map(column => `${column} = :${column}`).join(' and ')
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

  return ({ upTo }) => {
    for (const resource of touched.all()) {
      const before = last.get(resource)
      const rows = facts.all({ ...resource, upTo })
      forget.run(resource)
      for (const turn of turnsOf(readFacts(rows), before && readTurn(before))) {
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
