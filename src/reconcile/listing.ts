import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { encodeQuery } from '../http-client/url-encoding.js'
import { type Micros, projectId, type ResourceId, resourceId } from '../ids.js'
import { isJsonObject, type JsonObject } from '../json.js'
import { requiredLenientList } from '../lenient-list.js'
import type { ListedResource } from '../projection/listing-comparison.js'
import { collectionRulesOf } from '../service/find-list-rules.js'
import { hasNextPage } from '../service/list-rules.js'
import type { ReadCloud, ReadResponse } from './cloud-reader.js'
import type { ListedCollection } from './collections.js'

/** A page of a list, and the time of the list. */
interface Page {
  readonly items: readonly ListedResource[]
  readonly at: Micros
}

/** A page of this size takes seconds and little memory. */
const PAGE_SIZE = 500
/** If the marker of the next page was deleted, this many items before it are tried as markers. */
const OTHER_MARKERS = 20

/**
 * List one collection of a cloud, oldest first, so that new resources come last. The next page is
 * requested by its marker. Links in responses are not followed, because they can lead to any host.
 *
 * @param allProjects whether to list the resources of all projects, which only administrators may do
 * @throws NOT_FOUND if the cloud has no such collection, UNEXPECTED_ANSWER if the response
 * is no list of it, and what `read` throws
 */
export async function* listCollection(
  collection: ListedCollection,
  allProjects: boolean,
  read: ReadCloud,
): AsyncGenerator<Page> {
  for (const query of collection.queries) {
    const all = { ...query, ...(allProjects ? collection.allProjects : {}) }
    yield* listOne(collection, all, read)
  }
}

async function* listOne(
  collection: ListedCollection,
  query: Readonly<Record<string, string>>,
  read: ReadCloud,
): AsyncGenerator<Page> {
  let last: readonly ResourceId[] = []
  while (true) {
    const { response, body } = await readPage(collection, query, last, read)
    const { items, ids } = itemsIn(collection, body)
    if (ids.length === 0) return
    if (ids.at(-1) === last.at(-1)) throw unexpected(collection, 'ends with the same page for ever')
    yield { items, at: response.at }
    if (!hasNextPage(collectionRulesOf(collection.service, collection.name), body)) return
    last = ids
  }
}

async function readPage(
  collection: ListedCollection,
  query: Readonly<Record<string, string>>,
  last: readonly ResourceId[],
  read: ReadCloud,
): Promise<{ response: ReadResponse; body: JsonObject }> {
  const markers = last.length === 0 ? [null] : last.slice(-OTHER_MARKERS).reverse()
  let response: ReadResponse | undefined
  for (const marker of markers) {
    const path = pathOf(collection, query, marker)
    response = await read(collection.service, path)
    const body = bodyOf(response)
    if (body) return { response, body }
    if (marker === null && response.status === 404) throw absent(collection)
    if (marker === null || ![400, 404].includes(response.status)) break
  }
  throw unexpected(collection, `answered ${response?.status}`)
}

function pathOf(
  { name, detail }: ListedCollection,
  query: Readonly<Record<string, string>>,
  marker: ResourceId | null,
): string {
  const parameters = encodeQuery({
    ...query,
    limit: String(PAGE_SIZE),
    sort_key: 'created_at',
    sort_dir: 'asc',
    marker,
  })
  return `/${name}${detail}?${parameters}`
}

/** The JSON object in a response; null for any other response. */
export function bodyOf({ status, body }: ReadResponse): JsonObject | null {
  return status === 200 && isJsonObject(body) ? body : null
}

const text = z.string().min(1).max(255)
const resource = z.looseObject({ id: text })
type ListItem = z.infer<typeof resource>
const resources = requiredLenientList(resource)

/** @throws UNEXPECTED_ANSWER */
function itemsIn(
  collection: ListedCollection,
  body: JsonObject,
): { items: readonly ListedResource[]; ids: readonly ResourceId[] } {
  const parsed = resources.safeParse(body[collection.name])
  if (!parsed.success)
    throw unexpected(collection, `has no array "${collection.name}" of resources`)
  return {
    items: parsed.data.filter(item => !isGone(item)).map(item => listed(collection, item)),
    ids: parsed.data.map(({ id }) => resourceId(id)),
  }
}

function listed(collection: ListedCollection, item: ListItem): ListedResource {
  const project = text.safeParse(item[collection.project]).data
  const parent = collection.parent ? text.safeParse(item[collection.parent]).data : undefined
  return {
    id: resourceId(item.id),
    project: project === undefined ? null : projectId(project),
    parent: parent === undefined ? null : resourceId(parent),
  }
}

/** Whether an image is deleted. Glance still shows administrators images that it will delete later. */
export function isGone(resource: Readonly<Record<string, unknown>>): boolean {
  return resource['status'] === 'deleted' || resource['status'] === 'pending_delete'
}

function absent({ name }: ListedCollection): MixmatchError {
  return new MixmatchError('NOT_FOUND', `There are no ${name} at this cloud.`)
}

function unexpected({ name }: ListedCollection, found: string): MixmatchError {
  return new MixmatchError(
    'UNEXPECTED_ANSWER',
    `The list of ${name} ${found}; expected a page of it.`,
  )
}
