import type { ResourceType } from '../ids.js'
import { image } from './image.js'
import { type Service, type ServiceName, serviceNames } from './service.js'
import { volume } from './volume.js'

/** The tables of all services. */
export const services: Readonly<Record<ServiceName, Service>> = { image, volume }

export function isServiceName(text: string): text is ServiceName {
  return serviceNames.some(name => name === text)
}

/** Look up a name that came from outside. Only own entries count: `constructor` is none. */
export function entry<T>(
  table: Readonly<Record<string, T>> | undefined,
  name: string,
): T | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined
}

/** The collection in which one resource of a type is read by its id, such as `volumes`; null if there is none. */
export function homeCollectionOf(service: Service, type: ResourceType): string | null {
  const home = Object.entries(service.collections).find(([, { holds }]) => holds === type)
  return home ? home[0] : null
}

/** The versions that a service has or had: `v3`, `v2.1`. */
const VERSION = /^v[1-9](?:\.\d+)?$/i
/** The form of a project id: 32 hexadecimal digits, with or without hyphens. */
const PROJECT = /^(?:[\da-f]{32}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i

/**
 * Whether the first segments of a path belong to the API of a service: `v3/{project}/volumes`,
 * `v2/images`, or without a version as in Cinder's bookmarks, `{project}/volumes`.
 */
export function isApiPath(name: ServiceName, segments: readonly string[]): boolean {
  const service = services[name]
  const isCollection = (segment = '') =>
    entry(service.collections, segment) !== undefined || service.local.includes(segment)
  const [first = '', second = '', third] = segments
  if (VERSION.test(first)) {
    return isCollection(second) || (service.projectInPath && second !== '' && isCollection(third))
  }
  return service.projectInPath && PROJECT.test(first) && isCollection(second)
}
