import { resourceTypeCode } from '../event/stored.js'
import { groupingLives, lifeKey, placeColumns, placeDefinitions } from './lives.js'
import type { Projection } from './projection.js'

const VOLUME = resourceTypeCode('volume')

/**
 * Which cloud holds which resource, and whose it is there: a row for each resource and cloud that
 * ever said anything of it. Every column is the greatest of what the events say, at equal times by
 * the order in which their cloud said it, so that neither how clouds interleave nor how the log is
 * cut into stretches makes a difference:
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
  version: 2,
  byResource: true,
  tables: {
    locations: `(${placeDefinitions},
      primary key (resource_type, resource_id, service_provider)
    ) strict, without rowid`,
  },
  indexes: {
    locations_by_parent: 'locations (parent, service_provider) where parent is not null',
  },
  prepare(db) {
    const group = groupingLives(db)
    const tell = db.prepare(insertTold)
    return stretch => {
      group(stretch)
      tell.run()
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

/** Whether a row of `locations` tells of something that exists. */
export const lives = (row: string) =>
  `(${row}.deleted_at is null or ${row}.created_at > ${row}.deleted_at)`

/** The project that owns a row of `locations`; `parent` is the row of what it was made from, if any. */
export const ownerOf = (row: string, parent: string) =>
  `case when ${parent}.given_at is not null
    and (${row}.owner_at is null or ${parent}.given_at > ${row}.owner_at)
    then ${parent}.given_to else ${row}.owner end`

/** Joins the row of a snapshot's volume in the same cloud. */
export const joinParent = (row: string, parent: string) => `
  left join locations ${parent} on ${row}.parent is not null and ${parent}.resource_type = ${VOLUME}
    and ${parent}.resource_id = ${row}.parent and ${parent}.service_provider = ${row}.service_provider`

/*
 * A later stretch has the later positions, so what it tells counts at equal times. Without it, the
 * order of events would be that of the log as a whole, and not of each cloud.
 */
const insertTold = `
  insert into locations as held
  select ${placeColumns} from lives where true
  on conflict (${lifeKey.join(', ')}) do update set
    first_position = min(held.first_position, excluded.first_position),
    last_position = max(held.last_position, excluded.last_position),
    created_at = ${greatest('created_at')},
    deleted_at = ${greatest('deleted_at')},
    owner_at = ${ifNewer('owner_at', 'owner_at')},
    owner = ${ifNewer('owner_at', 'owner')},
    given_at = ${ifNewer('given_at', 'given_at')},
    given_to = ${ifNewer('given_at', 'given_to')},
    parent = ${greatest('parent')}`

function greatest(column: string): string {
  return `max(ifnull(held.${column}, excluded.${column}), ifnull(excluded.${column}, held.${column}))`
}

function ifNewer(time: string, column: string): string {
  return `case when held.${time} is null or excluded.${time} >= held.${time}
    then excluded.${column} else held.${column} end`
}
