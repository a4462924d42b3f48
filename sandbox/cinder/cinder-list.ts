import type { Micros } from '../../src/ids.js'
import { ApiFault } from '../api-fault.js'
import { isAdmin } from '../caller.js'
import { toSeconds } from '../clock.js'
import { parseItemOrder } from '../item-order.js'
import { fits } from '../time-filter.js'
import type { CinderContext } from './cinder-state.js'

const MAX_LIMIT = 1000 // osapi_max_limit
const SORT_KEYS = ['id', 'name', 'status', 'size', 'created_at', 'updated_at']

/** The properties that volumes and snapshots share. */
interface Listed {
  readonly id: string
  readonly projectId: string
  readonly name: string | null
  readonly status: string
  readonly size: number
  readonly createdAt: Micros
  readonly updatedAt: Micros | null
}

/**
 * One page of what the caller may see, as Cinder lists it: `volumes`, and `volumes_links` where the
 * page is full.
 *
 * @throws ApiFault 400 for an invalid limit, offset or sort key, 404 for an unknown marker
 */
export function listPage<Item extends Listed>(
  ctx: CinderContext,
  name: 'volumes' | 'snapshots',
  all: Iterable<Item>,
  show: (item: Item) => unknown,
): Record<string, unknown> {
  const query = ctx.URL.searchParams
  const limit = Math.min(numberIn(query, 'limit', MAX_LIMIT), MAX_LIMIT)
  const found = [...all]
    .filter(item => isListed(item, ctx, query))
    .sort(parseItemOrder(query, SORT_KEYS, sortValue))
  const start = startOf(found, query.get('marker'), name) + numberIn(query, 'offset', 0)
  const page = found.slice(start, start + limit)
  const last = page.at(-1)
  return {
    [name]: page.map(show),
    ...(query.get('with_count') === 'true' && ctx.state.minor >= 45 ? { count: found.length } : {}),
    ...(last && page.length === limit
      ? { [`${name}_links`]: [{ rel: 'next', href: nextLink(ctx, query, last.id) }] }
      : {}),
  }
}

/** The projects that the caller lists: `all_tenants` is ignored for users who are not administrators. */
function isListed(item: Listed, ctx: CinderContext, query: URLSearchParams): boolean {
  const { caller } = ctx.state
  const everyones = isAdmin(caller) && /^(1|true)$/i.test(query.get('all_tenants') ?? '')
  if (!everyones && item.projectId !== caller.projectId) return false
  if (query.get('name') !== null && item.name !== query.get('name')) return false
  if (query.get('status') !== null && item.status !== query.get('status')) return false
  const created = query.get('created_at')
  return created === null || fits(toSeconds(item.createdAt), created)
}

function sortValue(item: Listed, key: string): unknown {
  switch (key) {
    case 'name':
      return item.name
    case 'status':
      return item.status
    case 'size':
      return item.size
    case 'created_at':
      return item.createdAt
    case 'updated_at':
      return item.updatedAt
    default:
      return item.id
  }
}

function numberIn(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name)
  if (text === null) return fallback
  if (!/^\d+$/.test(text)) throw new ApiFault(400, `${name} param must be a positive integer`)
  return Number(text)
}

function startOf(found: readonly Listed[], marker: string | null, name: string): number {
  if (marker === null) return 0
  const index = found.findIndex(({ id }) => id === marker)
  if (index >= 0) return index + 1
  throw new ApiFault(
    404,
    `${name === 'volumes' ? 'Volume' : 'Snapshot'} ${marker} could not be found.`,
  )
}

function nextLink(ctx: CinderContext, query: URLSearchParams, marker: string): string {
  const next = new URLSearchParams(query)
  next.set('marker', marker)
  return `${ctx.state.base}${ctx.path.replace('/volume/v3', '')}?${next}`
}
