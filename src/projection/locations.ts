import { kindCode, resourceTypeCode } from '../event/stored.js'
import type { Projection } from './projection.js'

const NOTED = kindCode('noted')
const CREATED = kindCode('created')
const TRANSFERRED = kindCode('transferred')
const DELETED = kindCode('deleted')
const VOLUME = resourceTypeCode('volume')

/**
 * Which cloud holds which resource, and whose it is there: a row for each resource and cloud that
 * ever said anything of it. Every column is the greatest of what the events say, so that neither
 * the order in which events arrive nor how they are cut into stretches makes a difference:
 *
 * - `created_at`, `deleted_at`: the latest creation and deletion by the cloud's own clock. The
 *   resource lives if it was not deleted, or was created again after; a late update of something
 *   deleted does not bring it back.
 * - `owner` as of `owner_at`: by the latest event that names a project.
 * - `given_to` as of `given_at`: by the latest transfer. A volume's snapshots move with it without a
 *   word on the bus, so their owner is read with an eye on it (`ownerOf`).
 *
 * A cloud speaks of itself alone: nothing that one cloud's events say touches another cloud's row.
 */
export const locations: Projection = {
  name: 'locations',
  version: 1,
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
      given_at integer,
      given_to integer,
      parent any,
      primary key (resource_type, resource_id, service_provider)
    ) strict, without rowid`,
  },
  indexes: {
    locations_by_parent: 'locations (parent, service_provider) where parent is not null',
  },
  prepare(db) {
    // A short stretch is read by position, a long one in the order of the index that covers it.
    const short = db.prepare(statement('not indexed'))
    const long = db.prepare(statement('indexed by events_by_resource'))
    return stretch => {
      const size = stretch.upTo - stretch.after
      ;(size > LONG_STRETCH ? long : short).run(stretch)
    }
  },
  rows: `
    select json_array(l.resource_type,
        case typeof(l.resource_id) when 'blob' then hex(l.resource_id) else l.resource_id end,
        sp.name, l.first_position, l.last_position, l.created_at, l.deleted_at,
        l.owner_at, owner.name, l.given_at, given.name,
        case typeof(l.parent) when 'blob' then hex(l.parent) else l.parent end)
    from locations l
    join service_providers sp on sp.id = l.service_provider
    left join projects owner on owner.id = l.owner
    left join projects given on given.id = l.given_to
    order by 1`,
}

/** Above this many events the grouping of a rebuild is faster by index than by position. */
const LONG_STRETCH = 50_000

/** Whether a row of `locations` tells of something that exists. */
export const lives = (row: string) =>
  `(${row}.deleted_at is null or ${row}.created_at > ${row}.deleted_at)`

/** The project that owns a row of `locations`; `parent` is the row of what it was made from, if any. */
export const ownerOf = (row: string, parent: string) =>
  `case when ${parent}.given_at > ifnull(${row}.owner_at, 0) then ${parent}.given_to else ${row}.owner end`

/** Joins the row of a snapshot's volume in the same cloud. */
export const joinParent = (row: string, parent: string) => `
  left join locations ${parent} on ${row}.parent is not null and ${parent}.resource_type = ${VOLUME}
    and ${parent}.resource_id = ${row}.parent and ${parent}.service_provider = ${row}.service_provider`

const ofKey = ['resource_type', 'resource_id', 'service_provider']
  .map(column => `e.${column} = told.${column}`)
  .join(' and ')

/**
 * Rows as they stand in `locations`, straight from events up to the position `:upTo`.
 *
 * @param events the table of events, and how it is read
 * @param condition which of them
 */
export function told(
  events: { readonly table: string; readonly access: string },
  condition: string,
) {
  // The project of the events at a time; at equal times the greater number, whatever came first.
  const projectAt = (time: string, restriction = 'true') => `(
    select max(e.project) from ${events.table} e
    where ${ofKey} and e.at = told.${time} and e.kind > ${NOTED} and ${restriction}
      and +e.position <= :upTo)`
  return `
    select resource_type, resource_id, service_provider, first_position, last_position,
      created_at, deleted_at,
      owner_at, case when project = other_project then project else ${projectAt('owner_at')} end as owner,
      given_at, case when given_at is not null then
        ${projectAt('given_at', `e.kind = ${TRANSFERRED}`)} end as given_to,
      parent
    from (
      select resource_type, resource_id, service_provider,
        min(position) as first_position, max(position) as last_position,
        max(at) filter (where kind = ${CREATED}) as created_at,
        max(at) filter (where kind = ${DELETED}) as deleted_at,
        max(at) filter (where project is not null) as owner_at,
        min(project) as project, max(project) as other_project,
        max(at) filter (where kind = ${TRANSFERRED} and project is not null) as given_at,
        max(parent) as parent
      from ${events.table} ${events.access}
      where kind > ${NOTED} and resource_type is not null and resource_id is not null
        and ${condition}
      group by resource_type, resource_id, service_provider
    ) told`
}

function statement(access: string): string {
  return `
    insert into locations as held
    ${told({ table: 'log.events', access }, 'position > :after and position <= :upTo')}
    where true
    on conflict (resource_type, resource_id, service_provider) do update set
      first_position = min(held.first_position, excluded.first_position),
      last_position = max(held.last_position, excluded.last_position),
      created_at = ${greatest('created_at')},
      deleted_at = ${greatest('deleted_at')},
      owner_at = ${ifNewer('owner_at', 'owner', 'owner_at')},
      owner = ${ifNewer('owner_at', 'owner', 'owner')},
      given_at = ${ifNewer('given_at', 'given_to', 'given_at')},
      given_to = ${ifNewer('given_at', 'given_to', 'given_to')},
      parent = ${greatest('parent')}`
}

function greatest(column: string): string {
  return `max(ifnull(held.${column}, excluded.${column}), ifnull(excluded.${column}, held.${column}))`
}

function newer(time: string, value: string): string {
  const [told, known] = ['excluded', 'held'].map(row => `${row}.${time}, ${row}.${value}`)
  return `held.${time} is null or (${told}) > (${known})`
}

function ifNewer(time: string, value: string, column: string): string {
  return `case when ${newer(time, value)} then excluded.${column} else held.${column} end`
}
