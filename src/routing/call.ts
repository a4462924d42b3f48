import { type ResourceKey, resourceId } from '../ids.js'
import { type JsonValue, textAt, valueAt } from '../json.js'
import type { Call, Reference } from '../service/service.js'
import { entry, homeCollectionOf, services } from '../service/services.js'
import type { ParsedPath } from './path.js'
import type { RoutedRequest } from './request.js'

/** What the service's table says of a request; undefined where neither body nor answer matters. */
export function findRequestRule(method: string, path: ParsedPath): Call | undefined {
  const { collections } = services[path.service]
  const calls = entry(collections, path.collection ?? '')?.calls
  return entry(calls, `${method} ${shapeOf(path)}`.trimEnd())
}

/** Whether the decision waits for the body. It does not where the user has asked for a cloud. */
export function needsBody({ method, path, controls }: RoutedRequest): boolean {
  if (controls.serviceProvider !== null) return false
  const call = findRequestRule(method, path)
  return call?.name !== undefined || call?.references !== undefined
}

/** What the body names that binds the request to a cloud, in the order of the service's table. */
export function findReferences({ method, path, body }: RoutedRequest): readonly ResourceKey[] {
  const references = findRequestRule(method, path)?.references ?? []
  return references.flatMap(reference => idsAt(reference, body))
}

/** The name that the body gives to something new whose place is free, null where it gives none. */
export function findNewName({ method, path, body }: RoutedRequest): string | null {
  const name = findRequestRule(method, path)?.name
  return name === undefined ? null : textAt(body, name)
}

/**
 * The resource that a request reads, and nothing but it: one to which a 404 means that it is not
 * there, and not that the cloud is too old for the path, the microversion or the spelling.
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

/** The path below its collection as the tables write it: nothing, `/import_record`, `/{id}/action`. */
function shapeOf({ target, collection, rest }: ParsedPath): string {
  const below = rest.slice(1 + (collection ?? '').length)
  const shape = target.kind === 'resource' ? `/{id}${target.tail}` : below
  return shape.replace(/\/$/, '')
}
