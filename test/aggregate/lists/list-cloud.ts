import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionContext } from 'ava'
import { projectId, type SpName } from '../../../src/ids.js'
import { alice, bob } from '../../controls.js'
import { type Cloud, idp, startCloud } from '../../http/federation.js'
import { type ListedItem, orderFor } from './list-items.js'

/** Clouds that hold items, and list them like Glance and Cinder. */

export const carol = projectId('ca401000000000000000000000000003')

/** What a test may change about a cloud while the proxy runs. */
export interface ListCloud {
  readonly cloud: Cloud
  things: ListedItem[]
  /** Responds instead of the cloud; returns whether it did. */
  instead: (req: IncomingMessage, res: ServerResponse) => boolean
  /** `max_limit` of the cloud. */
  maxLimit: number
  maxMinor: number
}

export async function startListCloud(
  t: ExecutionContext,
  name: SpName,
  things: ListedItem[] = [],
): Promise<ListCloud> {
  const cloud = await startCloud(t, name, (req, res) => {
    if (listCloud.instead(req, res)) return
    const { status, body, headers } = answer(listCloud, req)
    say(res, status, body, headers)
  })
  const listCloud: ListCloud = { cloud, things, instead: () => false, maxLimit: 1000, maxMinor: 70 }
  return listCloud
}

export { alice, bob, idp }

/** The project of a token: alice's for `good`, the named one for `good@sp1/<project>`. */
function projectOf(req: IncomingMessage): string {
  const token = String(req.headers['x-auth-token'])
  return token === 'good' ? alice : token.replace(/.*\//, '')
}

const VERSIONED = /^\/v\d+(?:\/[0-9a-f]{32})?/

interface Said {
  readonly status: number
  readonly body: unknown
  readonly headers?: Record<string, string>
}

function answer(listCloud: ListCloud, req: IncomingMessage): Said {
  const url = new URL(req.url ?? '', 'http://cloud')
  if (url.pathname === '/') return versions(listCloud)
  const [, collection = '', id = ''] = url.pathname.replace(VERSIONED, '').split('/')
  const isImage = url.pathname.startsWith('/v2/')
  const seen = listCloud.things.filter(({ owner }) => owner === null || owner === projectOf(req))
  if (id === '' || id === 'detail') return list(listCloud, seen, collection, url, minorOf(req))
  const found = seen.find(listedItem => listedItem.id === id)
  if (!found) return { status: 404, body: { itemNotFound: { message: `no ${id} here` } } }
  return { status: 200, body: isImage ? found : { [collection.slice(0, -1)]: found } }
}

function minorOf(req: IncomingMessage): number {
  return Number(/volume 3\.(\d+)/.exec(String(req.headers['openstack-api-version']))?.[1] ?? 0)
}

function versions({ maxMinor, cloud }: ListCloud): Said {
  const links = [{ rel: 'self', href: `${cloud.url}/v3/` }]
  const volume = {
    id: 'v3.0',
    version: `3.${maxMinor}`,
    min_version: '3.0',
    status: 'CURRENT',
    links,
  }
  return { status: 300, body: { versions: [volume] } }
}

/** One page, in the order of the services' databases. */
function list(
  { maxLimit, cloud }: ListCloud,
  seen: readonly ListedItem[],
  collection: string,
  url: URL,
  minor: number,
): Said {
  const query = url.searchParams
  const isImage = collection === 'images'
  const bad = badIn(query)
  if (bad) return { status: 400, body: { badRequest: { code: 400, message: bad } } }
  const moment = isImage || minor >= 60 ? query.get('created_at') : null
  const sorted = seen
    .filter(listedItem => fits(listedItem.created_at, moment))
    .sort(orderFor(query, isImage))
  const marker = query.get('marker')
  const start = marker === null ? 0 : sorted.findIndex(({ id }) => id === marker) + 1
  if (marker !== null && start === 0) {
    return { status: isImage ? 400 : 404, body: { gone: { message: `no marker ${marker}` } } }
  }
  const limit = Math.min(Number(query.get('limit') ?? (isImage ? 25 : maxLimit)), maxLimit)
  const page = sorted.slice(start, start + limit)
  const base = `${cloud.url}${VERSIONED.exec(url.pathname)?.[0]}/${collection}`
  const isShort = !isImage && !url.pathname.endsWith('/detail')
  return {
    status: 200,
    body: {
      [collection]: page.map(listedItem => ({
        ...(isShort ? { id: listedItem.id, name: listedItem.name } : listedItem),
        ...(isImage ? {} : { links: [{ rel: 'self', href: `${base}/${listedItem.id}` }] }),
      })),
      ...(page.length > 0 && page.length === limit ? nextIn(collection) : {}),
      ...(query.get('with_count') === 'true' ? { count: seen.length } : {}),
    },
    headers: { 'OpenStack-API-Version': `volume 3.${minor}`, Vary: 'OpenStack-API-Version' },
  }
}

function nextIn(collection: string) {
  if (collection === 'images') return { next: '/v2/images?more' }
  const name = collection === 'groups' ? 'group_links' : `${collection}_links`
  return { [name]: [{ rel: 'next', href: 'http://cloud/more' }] }
}

function badIn(query: URLSearchParams): string | null {
  const limit = query.get('limit')
  if (limit !== null && !/^\d+$/.test(limit)) return 'limit param must be an integer'
  if (query.has('sort') && (query.has('sort_key') || query.has('sort_dir'))) return 'sort is mixed'
  return /bogus/.test(query.get('sort') ?? '') ? 'Invalid sort key: bogus' : null
}

function fits(moment: string, filter: string | null): boolean {
  if (filter === null) return true
  const [operator, bound = ''] = [filter.slice(0, 3), filter.slice(4)]
  return operator === 'lte' ? moment <= bound : moment >= bound
}

export function say(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  res.end(JSON.stringify(body))
}
