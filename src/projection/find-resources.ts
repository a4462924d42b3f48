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

/** How many resources a prefix finds at most: enough to show that it is not unique. */
const MOST = 10

interface Options {
  /** As far as was known then; all that the log holds where not given. */
  readonly upTo?: Position | undefined
  /** How many to return at most. */
  readonly limit?: number | undefined
}

/**
 * The resources whose id begins with a text, in the order of their types and ids: of all that the log
 * has ever heard of, deleted ones included.
 *
 * @param log the connection of a log or of a history (`LogReader.db`)
 * @param prefix of a UUID: its digits in either case, with or without hyphens; of other ids as they are
 */
export function findResourcesByPrefix(
  log: Database,
  prefix: string,
  { upTo, limit = MOST }: Options = {},
): ResourceKey[] {
  const find = log
    .prepare<[object], Buffer | string>(`
      select distinct resource_id from events
      where resource_type = :type and resource_id >= :first and resource_id <= :last and kind > 0
        and +position <= :upTo
      order by resource_id limit :limit`)
    .pluck()
  const ranges = rangesOf(prefix)
  const known = { upTo: upTo ?? Number.MAX_SAFE_INTEGER, limit }
  const found = resourceTypes.flatMap(type =>
    ranges.flatMap(range =>
      find
        .all({ ...range, ...known, type: resourceTypeCode(type) })
        .map(id => ({ type, id: readResourceId(id) })),
    ),
  )
  return found.slice(0, limit)
}

/** From the first to the last stored id that begins so: texts, and the 16 bytes of UUIDs. */
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

/** When a cloud said that it holds a resource no more. */
interface Deletion {
  readonly resource: ResourceKey
  readonly serviceProvider: SpName
  /** By the clock of the cloud. */
  readonly at: Micros
  /** The event that says so. */
  readonly position: Position
}

/**
 * Who deleted every resource of an id, of whatever type, and when: for each cloud that does not hold
 * it any more the latest deletion. The latest of all comes last.
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
