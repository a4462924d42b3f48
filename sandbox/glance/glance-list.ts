import { ApiFault } from '../api-fault.js'
import type { Caller } from '../caller.js'
import { parseItemOrder } from '../item-order.js'
import { fits } from '../time-filter.js'
import { type Image, isVisible, present } from './glance-image.js'

const DEFAULT_LIMIT = 25 // limit_param_default
const MAX_LIMIT = 1000 // api_limit_max
const SORT_KEYS = 'name status container_format disk_format size id created_at updated_at'.split(
  ' ',
)
/** Every other parameter is a filter by the property of that name. */
const NOT_A_FILTER = new Set(
  'limit marker sort sort_key sort_dir visibility member_status os_hidden'.split(' '),
)

/** `GET /v2/images`: one page of the list. */
interface Page {
  readonly images: readonly unknown[]
  readonly first: string
  readonly schema: '/v2/schemas/images'
  /** Present if the page is full, even if nothing follows. */
  readonly next?: string
}

/** @throws ApiFault 400 for an invalid limit, marker or sort key */
export function listImages(all: readonly Image[], query: URLSearchParams, caller: Caller): Page {
  const limit = limitIn(query)
  const sorted = all
    .filter(image => isListed(image, query, caller) && matchesAll(present(image), query))
    .sort(parseItemOrder(query, SORT_KEYS, sortValue))
  const marker = query.get('marker')
  const start = marker === null ? 0 : sorted.findIndex(image => image.id === marker) + 1
  if (marker !== null && start === 0) throw new ApiFault(400, `No image found with ID ${marker}`)

  const page = sorted.slice(start, start + limit)
  const last = page.at(-1)
  const full = last !== undefined && page.length === limit
  return {
    images: page.map(present),
    first: link(query, null),
    schema: '/v2/schemas/images',
    ...(full ? { next: link(query, last.id) } : {}),
  }
}

function limitIn(query: URLSearchParams): number {
  const text = query.get('limit') ?? String(DEFAULT_LIMIT)
  if (!/^-?\d+$/.test(text)) throw new ApiFault(400, 'limit param must be an integer')
  if (text.startsWith('-')) throw new ApiFault(400, 'limit param must be positive')
  return Math.min(Number(text), MAX_LIMIT)
}

/** Community images and hidden images are listed only on request. */
function isListed(image: Image, query: URLSearchParams, caller: Caller): boolean {
  const { visibility, os_hidden } = image.attributes
  const asked = query.get('visibility')
  if (String(os_hidden) !== (query.get('os_hidden') ?? 'false').toLowerCase()) return false
  if (!isVisible(image, caller)) return false
  if (asked === 'all') return true
  if (asked !== null) return visibility === asked
  return visibility !== 'community' || image.owner === caller.projectId
}

function matchesAll(shown: Readonly<Record<string, unknown>>, query: URLSearchParams): boolean {
  return [...query].every(([name, value]) => NOT_A_FILTER.has(name) || matches(shown, name, value))
}

function matches(shown: Readonly<Record<string, unknown>>, name: string, value: string): boolean {
  if (name === 'tag') return Array.isArray(shown['tags']) && shown['tags'].includes(value)
  if (name === 'size_min') return Number(shown['size']) >= Number(value)
  if (name === 'size_max') return Number(shown['size']) <= Number(value)
  const own = String(shown[name] ?? '')
  if (name === 'created_at' || name === 'updated_at') return fits(own, value)
  return value.startsWith('in:') ? value.slice(3).split(',').includes(own) : own === value
}

function sortValue(image: Image, key: string): unknown {
  if (key === 'created_at') return image.createdAt
  if (key === 'updated_at') return image.updatedAt
  return present(image)[key]
}

function link(query: URLSearchParams, marker: string | null): string {
  const parameters = new URLSearchParams(query)
  parameters.delete('marker')
  if (marker !== null) parameters.set('marker', marker)
  const text = parameters.toString()
  return text === '' ? '/v2/images' : `/v2/images?${text}`
}
