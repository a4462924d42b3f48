import type { Database } from 'better-sqlite3'
import { kindCode, resourceTypeCode } from '../event/stored.js'
import { fact, inOrder, type Resource, readingFacts, readingGiven } from './facts.js'
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
    const insertSteady = db.prepare(steady)
    const insertGiven = db.prepare(givenOnce)
    const fold = folding(db)
    const touch = db.prepare(touchTold)
    const refold = refolding(db)
    return stretch => {
      const { after, upTo, keys } = stretch
      if (keys) {
        const { upTo } = stretch
        insertSteady.run()
        insertGiven.run({ upTo })
        fold(stretch)
      } else {
        touch.run({ after, upTo })
        refold(stretch)
      }
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
 * knows, and most of the others the two that a gift parts. What is left is for the fold, which takes
 * twenty times as long.
 */
const steady = `
  insert into placements
  select ${columns}, from_at, from_position, owner, parent, deleted_at, to_position
  from lives where once and steady`

/** Given away at a time of which nothing else tells, and named with the one project before and the other after. */
const givenOnce = `
  insert into placements
  with given as materialized (
    select life.*, first.project as giver, gift.position as given_position
    from lives life
    cross join log.events first on first.position = life.from_position
    cross join log.events gift indexed by events_by_resource on ${sameLife('gift', 'life')}
      and gift.at = life.given_at and gift.kind > ${NOTED} and gift.kind = ${TRANSFERRED} and +gift.position <= :upTo
    where once and not steady and from_at < given_at and ifnull(given_at < deleted_at, true)
      and first.project <> given_to and not exists (
        select 1 from log.events e indexed by events_by_resource
        where ${sameLife('e', 'life')} and e.kind > ${NOTED} and +e.position <= :upTo
          and case
            when e.at < given_at then e.project <> first.project
            when e.at > given_at then e.project <> given_to
            else e.position <> gift.position
          end)
  )
  select ${columns}, from_at, from_position, giver, parent, given_at, given_position from given
  union all
  select ${columns}, given_at, given_position, given_to, parent, deleted_at, to_position from given`

/** Earlier than every time: those before 1970 are negative. */
const EVER = Number.MIN_SAFE_INTEGER

/** An event tells nothing new if it says again, later, what its resource's present turn says. */
const touchTold = `
  insert into touched
  select ${columns}, min(since) from (
    select e.resource_type, e.resource_id, e.service_provider,
      case when e.parent is null or e.parent = p.parent then e.at else ${EVER} end as since
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

interface Touched extends Resource {
  readonly since: number
}

/** So many resources are in memory together, however long the stretch is. */
const AT_ONCE = 1_000

interface TurnRow {
  readonly from_at: number
  readonly from_position: number
  readonly owner: number | null
  readonly to_at: number | null
  readonly to_position: number | null
}

const unplaced = `not (l.once and l.steady)
  and not exists (select 1 from placements p where ${sameLife('p', 'l')})`

/** Fold those of the grouped resources of which nothing is placed yet. */
function folding(db: Database): (stretch: Stretch) => void {
  const resources = db.prepare<[], Resource & { readonly life: number }>(
    `select rowid as life, ${columns}, parent from lives l where ${unplaced} order by rowid`,
  )
  // In one statement: to begin one for each resource takes longer than to read what it finds.
  const told = db
    .prepare<
      [object],
      [life: number, at: number, position: number, kind: number, project: number]
    >(`
      select l.rowid, e.at, e.position, e.kind, e.project
      from lives l cross join log.events e indexed by events_by_resource on ${sameLife('e', 'l')}
      where ${unplaced} and e.kind > ${NOTED} and +e.position <= :upTo
      order by l.rowid`)
    .raw()
  const given = readingGiven(db, 'log.events')
  const insert = inserting(db)
  return ({ upTo }) => {
    const rows = told.all({ upTo })
    let next = 0
    for (const { life, ...resource } of resources.all()) {
      const facts = given(resource, { since: EVER, upTo })
      for (let row = rows[next]; row?.[0] === life; row = rows[next]) {
        const [, at, position, kind, project] = row
        facts.push(fact({ at, position, kind, project }, true))
        next += 1
      }
      insert(resource, turnsOf(inOrder(facts)))
    }
  }
}

function inserting(db: Database): (resource: Resource, turns: readonly Turn[]) => void {
  const insert = db.prepare('insert into placements values (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  return (resource, turns) => {
    const { resource_type, resource_id, service_provider, parent } = resource
    for (const { from, owner, to } of turns) {
      insert.run(
        ...[resource_type, resource_id, service_provider, from.at, from.position],
        ...[owner, parent, to?.at ?? null, to?.position ?? null],
      )
    }
  }
}

/** Fold the touched resources anew, from the time on at which something new was said of each. */
function refolding(db: Database): (stretch: Stretch) => void {
  const touched = db.prepare<[number], Touched & { readonly place: number }>(`
    select t.rowid as place, t.*, l.parent from touched t join locations l on ${sameLife('l', 't')}
    where t.rowid > ? order by t.rowid limit ${AT_ONCE}`)
  function* batches(): Generator<Touched> {
    for (let last = 0, some = touched.all(last); some.length > 0; some = touched.all(last)) {
      yield* some
      last = some.at(-1)?.place ?? last
    }
  }
  const facts = readingFacts(db, 'history')
  const ofKey = lifeKey.map(column => `${column} = :${column}`).join(' and ')
  const last = db.prepare<[Touched], TurnRow>(`
    select * from placements where ${ofKey} and from_at < :since
    order by from_at desc, ifnull(to_at, from_at) desc, to_at is null desc limit 1`)
  const forget = db.prepare<[Touched]>(`
    delete from placements where ${ofKey}
      and (from_at >= :since or to_at is null or to_at >= :since)`)
  const insert = inserting(db)
  const forgetTouched = db.prepare('delete from touched')

  return ({ upTo }) => {
    for (const resource of batches()) {
      const before = last.get(resource)
      const told = facts(resource, { since: resource.since, upTo })
      forget.run(resource)
      insert(resource, turnsOf(told, before && readTurn(before)))
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
