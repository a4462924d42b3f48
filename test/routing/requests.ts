import {
  type Position,
  type ProjectId,
  position,
  type ResourceKey,
  type SpName,
} from '../../src/ids.js'
import type { JsonValue } from '../../src/json.js'
import { type FindEvidence, noEvidence, type Place } from '../../src/projection/place.js'
import type { Cloud, Federation } from '../../src/routing/federation.js'
import { type HeaderFields, parseRequest, type RoutedRequest } from '../../src/routing/request.js'
import { alice, cornmeal, idp, millet } from '../controls.js'

/** The path of the caller's own project in the volume service. */
export const volumes = `/volume/v3/${alice}`

/** `request('GET /image/v2/images')`, optionally with headers and a body. */
export function request(
  line: string,
  { headers = {}, body }: { headers?: HeaderFields; body?: JsonValue } = {},
): RoutedRequest {
  const [method = '', target = ''] = line.split(' ')
  return { ...parseRequest(method, target, headers), body }
}

/** The identity provider and two service providers, all with both services. */
export const clouds: readonly Cloud[] = [cloud(cornmeal), cloud(millet), cloud(idp, 'home')]

export function cloud(name: SpName, spName: string = name): Cloud {
  return { name, spName, enabledServices: ['image', 'volume'] }
}

interface Held {
  readonly key: ResourceKey
  readonly places: readonly Place[]
}

/** Evidence as after a reconcile of every cloud: no cloud holds a resource that is not located there. */
export const proven: FindEvidence = () => ({
  ...noEvidence,
  absent: clouds.map(({ name }) => ({ serviceProvider: name, project: null })),
})

/** A federation that knows only these places, with all options off. */
export function federation(
  held: readonly Held[] = [],
  options: Partial<Federation> = {},
): Federation {
  return {
    clouds,
    locate: (type, id) => held.find(({ key }) => key.type === type && key.id === id)?.places ?? [],
    evidence: proven,
    searchByBroadcast: false,
    aggregation: false,
    ...options,
  }
}

/** A resource and the places that hold it. */
export function holds(key: ResourceKey, ...places: readonly Place[]): Held {
  return { key, places }
}

export function at(
  serviceProvider: SpName,
  project: ProjectId | null = alice,
  since: Position = position(7),
): Place {
  return { serviceProvider, project, position: since }
}
