import type { ResourceType } from '../ids.js'
import { image } from './image.js'
import { type Service, type ServiceName, serviceNames } from './service.js'
import { volume } from './volume.js'

/** The tables of all services. */
export const services: Readonly<Record<ServiceName, Service>> = { image, volume }

export function isServiceName(text: string): text is ServiceName {
  return serviceNames.some(name => name === text)
}

/** What a table has under a name that came from outside, for which `constructor` is no entry. */
export function entry<T>(
  table: Readonly<Record<string, T>> | undefined,
  name: string,
): T | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined
}

/** The collection in which one resource of a type is read by its id, `volumes`; null where there is none. */
export function homeOf(service: Service, type: ResourceType): string | null {
  const home = Object.entries(service.collections).find(([, { holds }]) => holds === type)
  return home ? home[0] : null
}
