import type { Database } from 'better-sqlite3'
import { kindCode, resourceTypeCode } from '../event/stored.js'
import type { Stretch } from './projection.js'

const NOTED = kindCode('noted')
const CREATED = kindCode('created')
const TRANSFERRED = kindCode('transferred')
const DELETED = kindCode('deleted')
const VOLUME = resourceTypeCode('volume')

/** What names a life: one resource in one cloud. */
export const lifeKey = ['resource_type', 'resource_id', 'service_provider'] as const

/** Whether two rows are of the same resource in the same cloud. */
export const sameLife = (one: string, other: string) =>
  lifeKey.map(column => `${one}.${column} = ${other}.${column}`).join(' and ')

/** The columns of `locations`, all of which a life has, in their order. */
const places = {
  resource_type: 'integer not null',
  resource_id: 'any not null',
  service_provider: 'integer not null',
  first_position: 'integer not null',
  last_position: 'integer not null',
  created_at: 'integer',
  deleted_at: 'integer',
  owner_at: 'integer',
  owner: 'integer',
  given_at: 'integer',
  given_to: 'integer',
  parent: 'any',
}

export const placeColumns = Object.keys(places).join(', ')

export const placeDefinitions = Object.entries(places)
  .map(column => column.join(' '))
  .join(', ')

/**
 * What events tell of each resource in each cloud, in one grouping for all views that are about
 * resources: the row of `locations`; and of the first turn where it began and, if the resource was
 * deleted once, where it ended. That turn is the whole story of a life that is `steady`, named with
 * the same project always or never, and lived `once`: never made again, nor given away with its
 * volume. At equal times what was recorded later counts, and a deletion most.
 *
 * @param events the table of events, and how it is read
 * @param condition which of them; none is beyond the position `:upTo`
 * @param key what tells their lives apart. To compare a column that the condition fixes takes time.
 */
export function selectLives(
  events: { readonly table: string; readonly access: string },
  condition: string,
  key: readonly string[] = lifeKey,
): string {
  const saidAt = (time: string) => `
    from ${events.table} e where ${sameLife('e', 'life')} and e.at = life.${time}
      and e.kind > ${NOTED} and +e.position <= :upTo`
  const projectAt = (time: string, restriction = 'true') => `(
    select e.project ${saidAt(time)} and e.project is not null and ${restriction}
    order by e.position desc limit 1)`
  return `
    select ${lifeKey.join(', ')}, first_position, last_position, created_at, deleted_at,
      owner_at, case when owner_at is null or project = other_project then other_project
        else ${projectAt('owner_at')} end as owner,
      given_at, case when given_at is not null then
        ${projectAt('given_at', `e.kind = ${TRANSFERRED}`)} end as given_to,
      parent,
      from_at, case when created_at = from_at and created_position = first_position then first_position
        else (select e.position ${saidAt('from_at')}
          order by e.kind = ${DELETED}, e.position limit 1) end as from_position,
      deleted_position as to_position,
      owner_at is null or project = other_project as steady,
      deletions <= 1 and ifnull(created_at <= deleted_at, true)
        and (parent is null or not exists (
          select 1 from ${events.table} given
          where given.resource_type = ${VOLUME} and given.resource_id = life.parent
            and given.service_provider = life.service_provider and given.kind > 0
            and given.kind = ${TRANSFERRED} and given.project is not null
            and +given.position <= :upTo)) as once
    from (
      select ${lifeKey.join(', ')},
        min(position) as first_position, max(position) as last_position,
        max(at) filter (where kind = ${CREATED}) as created_at,
        min(position) filter (where kind = ${CREATED}) as created_position,
        max(at) filter (where kind = ${DELETED}) as deleted_at,
        max(position) filter (where kind = ${DELETED}) as deleted_position,
        count(*) filter (where kind = ${DELETED}) as deletions,
        min(at) as from_at,
        max(at) filter (where project is not null) as owner_at,
        min(ifnull(project, 0)) as project, max(project) as other_project,
        max(at) filter (where kind = ${TRANSFERRED} and project is not null) as given_at,
        max(parent) filter (where parent is not null) as parent
      from ${events.table} ${events.access}
      where kind > ${NOTED} and ${condition}
      group by ${key.join(', ')}
    ) life`
}

const table = `(${placeDefinitions},
  from_at integer not null,
  from_position integer not null,
  to_position integer,
  steady integer not null,
  once integer not null
) strict`

/** Prepare what groups a stretch into the temporary table `lives`, for the views to be told from. */
export function groupingLives(db: Database): (stretch: Stretch) => void {
  db.exec(`create temp table if not exists lives ${table}`)
  const forget = db.prepare('delete from lives')
  const grouping = (access: string, condition: string, key?: readonly string[]) =>
    db.prepare(`insert into lives ${selectLives({ table: 'log.events', access }, condition, key)}`)
  const all = grouping(
    'not indexed',
    `resource_type is not null and resource_id is not null
      and position > :after and position <= :upTo`,
  )
  const some = grouping(
    'indexed by events_by_resource',
    `resource_type = :type and resource_id >= :fromId and resource_id < :toId
      and +position <= :upTo`,
    ['resource_id', 'service_provider'],
  )
  return ({ after, upTo, keys }) => {
    forget.run()
    if (keys === undefined) all.run({ after, upTo })
    else some.run({ upTo, ...keys })
  }
}
