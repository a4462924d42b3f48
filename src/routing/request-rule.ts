import { type ResourceKey, resourceId } from '../ids.js'
import { type JsonValue, textAt, valueAt } from '../json.js'
import type { Reference, RequestRule } from '../service/service.js'
import { entry, homeCollectionOf, services } from '../service/services.js'
import type { ParsedPath } from './path.js'
import type { RoutedRequest } from './request.js'

/** `POST`, `PUT`: nearly all requests have another method. */
const methodsWithRules: ReadonlySet<string | undefined> = new Set(
  Object.values(services)
    .flatMap(({ collections }) => Object.values(collections))
    .flatMap(({ requests = {} }) => Object.keys(requests))
    .map(rule => rule.split(' ')[0]),
)

/** The rule of the service for a request; undefined if neither body nor response matters. */
export function findRequestRule(method: string, path: ParsedPath): RequestRule | undefined {
  if (!methodsWithRules.has(method)) return undefined
  const { collections } = services[path.service]
  const rules = entry(collections, path.collection ?? '')?.requests
  return entry(rules, `${method} ${shapeOf(path)}`.trimEnd())
}

/** Whether the decision needs the body. It does not if the user names a cloud. */
export function needsBody({ method, path, controlHeaders }: RoutedRequest): boolean {
  if (controlHeaders.serviceProvider !== null) return false
  const rule = findRequestRule(method, path)
  return rule?.name !== undefined || rule?.references !== undefined
}

const NONE: readonly ResourceKey[] = []

/** The resources in the body without which the request fails, in the order of the service's table. */
export function findReferences({ method, path, body }: RoutedRequest): readonly ResourceKey[] {
  const references = findRequestRule(method, path)?.references
  if (references === undefined) return NONE
  return references.flatMap(reference => idsAt(reference, body))
}

/** The name of a new resource that any cloud can hold; null if the body has none. */
export function findNewName({ method, path, body }: RoutedRequest): string | null {
  const name = findRequestRule(method, path)?.name
  return name === undefined ? null : textAt(body, name)
}

/**
 * The resource that a request reads, if a 404 proves that the resource is not there; else null. A 404 can
 * also mean that the cloud is too old for the path or the microversion.
 */
export function findReadResource(method: string, path: ParsedPath): ResourceKey | null {
  const { target, version, projectSegment, rest } = path
  if (target.kind !== 'resource' || (method !== 'GET' && method !== 'HEAD')) return null
  const service = services[path.service]
  if (version?.split('.')[0] !== service.version) return null
  // Cinder knows paths without a project only since 3.67.
  if (service.projectInPath && projectSegment === null) return null
  const home = homeCollectionOf(service, target.type)
  if (home === null || entry(service.collections, home)?.since !== undefined) return null
  return rest === `/${home}/${target.id}` ? { type: target.type, id: target.id } : null
}

function idsAt({ type, at }: Reference, body: JsonValue | undefined): readonly ResourceKey[] {
  return [valueAt(body, at)]
    .flat()
    .filter(text => typeof text === 'string')
    .flatMap(text => text.split(','))
    .map(text => text.trim())
    .filter(text => text !== '')
    .map(text => ({ type, id: resourceId(text) }))
}

/** The path below its collection in the form of the tables: empty, `/import_record`, `/{id}/action`. */
function shapeOf({ target, collection, rest }: ParsedPath): string {
  const below = rest.slice(1 + (collection ?? '').length)
  const shape = target.kind === 'resource' ? `/{id}${target.tail}` : below
  return shape.replace(/\/$/, '')
}
