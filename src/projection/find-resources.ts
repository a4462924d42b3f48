import type { Database } from 'better-sqlite3'
import { kindCode, readResourceId, resourceTypeCode, storeId } from '../event/stored.js'
import {
  hyphenated,
  isUuid,
  type Micros,
  micros,
  type Position,
  position,
  type ResourceId,
  type ResourceKey,
  resourceTypes,
  type SpName,
  spName,
} from '../ids.js'

/** The default limit for a prefix: enough to show that it is not unique. */
const MOST = 10

interface Options {
  /** The last event to read. The default is the head of the log. */
  readonly upTo?: Position | undefined
  /** The maximum number of results. */
  readonly limit?: number | undefined
  /** Find only resources after this one, in the order of the results. */
  readonly after?: ResourceKey | undefined
}

/**
 * Find the resources whose id begins with a text, including deleted ones. They are ordered by type
 * and id.
 *
 * @param log the connection of a log or of a history (`LogReader.db`)
 * @param prefix of a UUID: in upper or lower case, with or without hyphens. Of other ids: exact text
 */
export function findResourcesByPrefix(
  log: Database,
  prefix: string,
  { upTo, limit = MOST, after }: Options = {},
): ResourceKey[] {
  const find = log
    .prepare<[object], Buffer | string>(`
      select distinct resource_id from events
      where resource_type = :type and resource_id >= :first and resource_id <= :last
        and resource_id > :after and kind > 0 and +position <= :upTo
      order by resource_id limit :limit`)
    .pluck()
  const ranges = rangesOf(prefix)
  const known = { upTo: upTo ?? Number.MAX_SAFE_INTEGER, limit }
  const types = after ? resourceTypes.slice(resourceTypeCode(after.type)) : resourceTypes
  const found = types.flatMap(type => {
    const afterId = type === after?.type ? storeId(after.id) : '' // texts are before the bytes of UUIDs
    return ranges.flatMap(range =>
      find
        .all({ ...range, ...known, type: resourceTypeCode(type), after: afterId })
        .map(id => ({ type, id: readResourceId(id) })),
    )
  })
  return found.slice(0, limit)
}

/** The ranges of stored ids with this prefix: one for text ids, one for the 16 bytes of UUIDs. */
function rangesOf(
  prefix: string,
): { readonly first: Buffer | string; readonly last: Buffer | string }[] {
  const texts = { first: prefix, last: `${prefix}\u{10ffff}` }
  const digits = prefix.replaceAll('-', '').toLowerCase()
  const first = digits.padEnd(32, '0')
  const isOfUuid =
    isUuid(first) && (!prefix.includes('-') || hyphenated(first).startsWith(prefix.toLowerCase()))
  if (!isOfUuid) return [texts]
  return [
    texts,
    { first: Buffer.from(first, 'hex'), last: Buffer.from(digits.padEnd(32, 'f'), 'hex') },
  ]
}

/** The deletion of a resource at one cloud. */
interface Deletion {
  readonly resource: ResourceKey
  readonly serviceProvider: SpName
  /** By the clock of the cloud. */
  readonly at: Micros
  /** The deletion event. */
  readonly position: Position
}

/**
 * Find the deletions of all resources with an id, of any type: the latest one at each cloud that no
 * longer holds it. The latest of all is last.
 *
 * @param log the connection of a log or of a history (`LogReader.db`)
 */
export function findDeletions(log: Database, id: ResourceId, { upTo }: Options = {}): Deletion[] {
  const find = log.prepare<[object], DeletionRow>(`
    select sp.name as service_provider, deleted_at, (
        select max(position) from events e
        where e.resource_type = :type and e.resource_id = :id and e.kind = ${DELETED}
          and e.service_provider = gone.service_provider and e.at = gone.deleted_at
          and +e.position <= :upTo) as position
    from (
      select service_provider, max(at) filter (where kind = ${DELETED}) as deleted_at,
        max(at) filter (where kind = ${CREATED}) as created_at
      from events
      where resource_type = :type and resource_id = :id and kind > 0 and +position <= :upTo
      group by service_provider
    ) gone join service_providers sp on sp.id = gone.service_provider
    where deleted_at is not null and ifnull(created_at <= deleted_at, true)`)
  const known = { id: storeId(id), upTo: upTo ?? Number.MAX_SAFE_INTEGER }
  return resourceTypes
    .flatMap(type =>
      find.all({ ...known, type: resourceTypeCode(type) }).map(row => ({
        resource: { type, id },
        serviceProvider: spName(row.service_provider),
        at: micros(row.deleted_at),
        position: position(row.position),
      })),
    )
    .sort((one, other) => one.at - other.at || one.position - other.position)
}

interface DeletionRow {
  readonly service_provider: string
  readonly deleted_at: number
  readonly position: number
}

const CREATED = kindCode('created')
const DELETED = kindCode('deleted')
