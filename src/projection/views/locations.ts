import { eventKinds } from '../../event/event.js'
import { kindCode, resourceTypeCode } from '../../event/stored.js'
import type { Projection } from '../projection.js'

const NOTED = kindCode('noted')
const CREATED = kindCode('created')
const TRANSFERRED = kindCode('transferred')
const DELETED = kindCode('deleted')
const VOLUME = resourceTypeCode('volume')
/** All kinds that say something of a resource. */
const known = eventKinds.map(kindCode).filter(code => code > NOTED)

/** The columns that identify a resource at one cloud. */
export const resourceKey = ['resource_type', 'resource_id', 'service_provider'] as const
const key = resourceKey.join(', ')

/** SQL: whether two rows are about the same resource at the same cloud. */
export const isSameResource = (one: string, other: string) =>
  resourceKey.map(column => `${one}.${column} = ${other}.${column}`).join(' and ')

/**
 * Which cloud holds which resource, and its owner there: one row for each resource and each cloud with
 * events about it. Every column is the maximum over these events; at equal times the order of the
 * cloud's events decides. So the result does not depend on how the clouds interleave or on how the log
 * is split into ranges.
 *
 * - `created_at`, `deleted_at`: the latest creation and deletion by the clock of the cloud. The resource
 *   exists if it was not deleted, or was created again later. A late update does not restore it.
 * - `owner` as of `owner_at`: from the latest event that names a project.
 * - `transferred_to` as of `transferred_at`: from the latest transfer. The snapshots of a volume move
 *   with it, but Cinder sends no notifications about them. So `ownerOf` also reads the volume's row.
 * - `events`: how many events are about it.
 *
 * The events of one cloud never change the row of another cloud.
 */
export const locations: Projection = {
  name: 'locations',
  version: 4,
  tables: {
    locations: `(
      resource_type integer not null,
      resource_id any not null,
      service_provider integer not null,
      first_position integer not null,
      last_position integer not null,
      created_at integer,
      deleted_at integer,
      owner_at integer,
      owner integer,
      transferred_at integer,
      transferred_to integer,
      parent any,
      events integer not null,
      primary key (${key})
    ) strict, without rowid`,
  },
  indexes: {
    locations_by_parent: 'locations (parent, service_provider) where parent is not null',
  },
  prepare(db) {
    const insertAll = db.prepare(
      upsert('log.events indexed by events_by_resource', '+position <= :upTo'),
    )
    const insertSome = db.prepare(
      upsert(
        'log.events not indexed',
        'position > :after and position <= :upTo',
        `e.kind in (${known.join(', ')}) and e.position > :after and e.position <= :upTo`,
      ),
    )
    return ({ after, upTo }) => {
      if (after === 0) insertAll.run({ upTo })
      else insertSome.run({ after, upTo })
    }
  },
  rows: `
    select json_array(l.resource_type,
        case typeof(l.resource_id) when 'blob' then hex(l.resource_id) else l.resource_id end,
        sp.name, l.first_position, l.last_position, l.created_at, l.deleted_at,
        l.owner_at, owner.name, l.transferred_at, given.name,
        case typeof(l.parent) when 'blob' then hex(l.parent) else l.parent end, l.events)
    from locations l
    join service_providers sp on sp.id = l.service_provider
    left join projects owner on owner.id = l.owner
    left join projects given on given.id = l.transferred_to
    order by 1`,
}

/**
 * SQL for the rows of `locations` that follow from events. At equal times the event that was recorded
 * later counts.
 *
 * @param events the table of events, optionally with its index
 * @param condition selects the events; it must exclude events after the position `:upTo`
 * @param among the same condition for the event `e`, as the index can use it. Any number of events can have one time
 */
export function selectLocations(
  events: string,
  condition: string,
  among = `e.kind > ${NOTED} and +e.position <= :upTo`,
): string {
  const [table] = events.split(' ')
  const projectAt = (time: string, restriction: string) => `(
    select e.project from ${table} e
    where ${isSameResource('e', 'resource')} and e.at = resource.${time}
      and ${among} and e.project is not null and ${restriction}
    order by e.position desc limit 1)`
  return `
    select ${key}, first_position, last_position, created_at, deleted_at,
      owner_at, case when owner_at is null or least_project = greatest_project then greatest_project
        else ${projectAt('owner_at', 'true')} end as owner,
      transferred_at, case when transferred_at is not null then
        ${projectAt('transferred_at', `e.kind = ${TRANSFERRED}`)} end as transferred_to,
      parent, events
    from (
      select ${key},
        min(position) as first_position, max(position) as last_position,
        max(at) filter (where kind = ${CREATED}) as created_at,
        max(at) filter (where kind = ${DELETED}) as deleted_at,
        max(at) filter (where project is not null) as owner_at,
        min(project) as least_project, max(project) as greatest_project,
        max(at) filter (where kind = ${TRANSFERRED} and project is not null) as transferred_at,
        max(parent) filter (where parent is not null) as parent,
        count(*) as events
      from ${events}
      where kind > ${NOTED} and resource_type >= 0 and ${condition}
      group by ${key} having resource_id is not null
    ) resource`
}

/** SQL: whether the resource of a row of `locations` exists. */
export const isPresent = (row: string) =>
  `(${row}.deleted_at is null or ${row}.created_at > ${row}.deleted_at)`

/** SQL: the project that owns the resource of a row of `locations`. `parent` is the row of its volume, if any. */
export const ownerOf = (row: string, parent: string) =>
  `case when ${parent}.transferred_at is not null
    and (${row}.owner_at is null or ${parent}.transferred_at > ${row}.owner_at)
    then ${parent}.transferred_to else ${row}.owner end`

/** SQL: join the row of a snapshot's volume at the same cloud. */
export const joinParent = (row: string, parent: string) => `
  left join locations ${parent} on ${row}.parent is not null and ${parent}.resource_type = ${VOLUME}
    and ${parent}.resource_id = ${row}.parent and ${parent}.service_provider = ${row}.service_provider`

/*
 * A later range has later positions, so its values count at equal times. Without this rule, the order
 * of the whole log would matter, not the order of the events of each cloud.
 */
function upsert(events: string, condition: string, among?: string): string {
  return `
    insert into locations as held
    ${selectLocations(events, condition, among)} where true
    on conflict (${key}) do update set
      first_position = min(held.first_position, excluded.first_position),
      last_position = max(held.last_position, excluded.last_position),
      created_at = ${greatest('created_at')},
      deleted_at = ${greatest('deleted_at')},
      owner_at = ${ifNewer('owner_at', 'owner_at')},
      owner = ${ifNewer('owner_at', 'owner')},
      transferred_at = ${ifNewer('transferred_at', 'transferred_at')},
      transferred_to = ${ifNewer('transferred_at', 'transferred_to')},
      parent = ${greatest('parent')},
      events = held.events + excluded.events`
}

function greatest(column: string): string {
  return `max(ifnull(held.${column}, excluded.${column}), ifnull(excluded.${column}, held.${column}))`
}

function ifNewer(time: string, column: string): string {
  return `case when held.${time} is null or excluded.${time} >= held.${time}
    then excluded.${column} else held.${column} end`
}
