import { createNameFinder } from '../audit/resource-names.js'
import { MixmatchError } from '../errors.js'
import {
  kindCode,
  readResourceId,
  resourceTypeCode,
  resourceTypeOf,
  type StoredId,
  storeId,
} from '../event/stored.js'
import { isResourceType, type ResourceKey, resourceId, resourceTypes } from '../ids.js'
import type { LogReader } from '../log/event-log.js'
import { isPresent, joinParent, ownerOf } from '../projection/views/locations.js'
import { maySee, type Viewer } from './viewer.js'
import { openViewsReader } from './views-reader.js'

/** A page of resources. */
export interface FoundResources {
  readonly found: readonly ResourceKey[]
  /** The cursor of the next page; null if there is none. */
  readonly next: string | null
}

/** Messages of one page that are read: about 40 ms. */
const MOST_MESSAGES = 400
/** Rows of one page that are read: about 20 ms. */
const MOST_SCANNED = 100_000
/** Rows of the view of one page that are read: about 50 ms. */
const MOST_ROWS = 10_000

interface EventResourceRow {
  readonly position: number
  readonly resource_type: number
  readonly resource_id: StoredId
}

/** Find resources by a part of the name in their notifications, from the newest event back to the oldest. */
export function findNamed(
  log: LogReader,
  name: string,
  limit: number,
  cursor: string | undefined,
): FoundResources {
  const before = cursor === undefined ? log.head().position + 1 : positionIn(cursor)
  const least = Math.max(log.base().position + 1, before - MOST_SCANNED)
  const rows = log.db
    .prepare<[number, number], EventResourceRow>(`
      select position, resource_type, resource_id from events
      where position < ? and position >= ? and +kind in (${kindCode('created')}, ${kindCode('changed')})
        and resource_type is not null and resource_id is not null
      order by position desc limit ${MOST_MESSAGES}`)
    .all(before, least)
  const nameAt = createNameFinder({ history: log })
  const wanted = name.toLowerCase()
  const found = new Map<string, ResourceKey>()
  let reached = rows.length === MOST_MESSAGES ? (rows.at(-1)?.position ?? least) : least
  for (const { position, resource_type, resource_id } of rows) {
    if (!nameAt(position)?.toLowerCase().includes(wanted)) continue
    const resource = { type: resourceTypeOf(resource_type), id: readResourceId(resource_id) }
    found.set(`${resource.type} ${resource.id}`, resource)
    if (found.size < limit) continue
    reached = position
    break
  }
  const isOver = reached <= log.base().position + 1
  return { found: [...found.values()], next: isOver ? null : String(reached) }
}

function positionIn(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new MixmatchError('BAD_REQUEST', 'cursor: expected the `next` of the page before.')
}

interface LocationRow {
  readonly resource_type: number
  readonly resource_id: StoredId
  readonly service_provider: string | null
  readonly project: string | null
}

interface ListFilter {
  readonly cloud?: readonly string[] | undefined
  readonly type?: readonly string[] | undefined
  readonly project?: readonly string[] | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * List the resources that exist, by type and id.
 *
 * @throws VIEWS_UNAVAILABLE; BAD_REQUEST if a type or the cursor is none
 */
export function listPresent(logFile: string, filter: ListFilter, viewer: Viewer): FoundResources {
  const { cloud, type, project, limit, cursor } = filter
  using views = openViewsReader(logFile)
  const types = typeCodes(type)
  const after = cursor === undefined ? { type: types[0] ?? 0, id: '' } : storedKey(cursor)
  const rows = views.db
    .prepare<[object], LocationRow>(`
      select l.resource_type, l.resource_id, pr.name as project,
        iif(${isPresent('l')} and l.resource_type in (select value from json_each(:types)),
          sp.name, null) as service_provider
      from (select * from locations
        where (resource_type, resource_id) > (:type, :id) and resource_type <= :lastType
        order by resource_type, resource_id, service_provider limit ${MOST_ROWS}) l
      join service_providers sp on sp.id = l.service_provider
      ${joinParent('l', 'volume')}
      left join projects pr on pr.id = ${ownerOf('l', 'volume')}
      order by l.resource_type, l.resource_id`)
    .iterate({ ...after, lastType: types.at(-1) ?? 0, types: JSON.stringify(types) })
  const found = new Map<string, ResourceKey>()
  let read = 0
  let last: string | null = null
  let lastButOne: string | null = null
  for (const row of rows) {
    read += 1
    const resource = {
      type: resourceTypeOf(row.resource_type),
      id: readResourceId(row.resource_id),
    }
    const key = resourceCursor(resource)
    if (found.size === limit && !found.has(key)) return { found: [...found.values()], next: last }
    if (key !== last) {
      lastButOne = last
      last = key
    }
    const { service_provider: at, project: owner } = row
    if (at === null || !maySee(viewer, at, owner)) continue
    if (cloud && !cloud.includes(at)) continue
    if (project && (owner === null || !project.includes(owner))) continue
    found.set(key, resource)
  }
  if (read < MOST_ROWS) return { found: [...found.values()], next: null }
  // More rows of the last resource may follow.
  const isDone = last !== null && (found.has(last) || lastButOne === null)
  return { found: [...found.values()], next: isDone ? last : lastButOne }
}

function typeCodes(types: readonly string[] | undefined): number[] {
  return (types ?? resourceTypes)
    .map(type => {
      if (isResourceType(type)) return resourceTypeCode(type)
      const known = resourceTypes.join(', ')
      throw new MixmatchError('BAD_REQUEST', `type: expected some of ${known}, found "${type}".`)
    })
    .sort((one, other) => one - other)
}

function storedKey(cursor: string): { type: number; id: StoredId } {
  const { type, id } = parseResourceCursor(cursor)
  return { type: resourceTypeCode(type), id: storeId(id) }
}

/** A resource as a cursor: `volume:11111111-…`. */
export function resourceCursor({ type, id }: ResourceKey): string {
  return `${type}:${id}`
}

/** @throws BAD_REQUEST */
export function parseResourceCursor(cursor: string): ResourceKey {
  const [, type = '', id = ''] = /^(\w+):(.+)$/.exec(cursor) ?? []
  if (isResourceType(type)) return { type, id: resourceId(id) }
  throw new MixmatchError('BAD_REQUEST', 'cursor: expected the `next` of the page before.')
}
