import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type ResourceKey, type SpName } from '../ids.js'
import type { Place } from '../projection/place.js'
import { referencesIn } from './call.js'
import { type Federation, hasPassed, isOffered } from './federation.js'
import type { RoutedRequest } from './request.js'

/** A resource without which a request fails. */
export interface Need {
  readonly resource: ResourceKey
  /** Where the request names it. */
  readonly in: 'path' | 'body'
  /** The clouds that hold it, as far as the request can go there, the preferred one first. */
  readonly places: readonly Place[]
}

/** What the request needs: the resource in its path, then those that its body refers to. */
export function needsOf(request: RoutedRequest, federation: Federation): readonly Need[] {
  const needed = (resource: ResourceKey, where: Need['in']): Need => ({
    resource,
    in: where,
    places: placesOf(resource, request, federation),
  })
  const { target } = request.path
  return [
    ...(target.kind === 'resource' ? [needed({ type: target.type, id: target.id }, 'path')] : []),
    ...referencesIn(request).map(resource => needed(resource, 'body')),
  ]
}

/**
 * The first located need, and the place that it shares with all other located ones. A need that is
 * not located has no say; null where none is.
 *
 * @throws CONFLICTING_REFERENCES where no cloud holds all that is located
 */
export function sharedPlace(needs: readonly Need[]): { need: Need; place: Place } | null {
  const located = needs.filter(({ places }) => places.length > 0)
  const [need] = located
  if (!need) return null
  const place = need.places.find(candidate =>
    located.every(other => isAt(other, candidate.serviceProvider)),
  )
  if (!place) throw conflict(located)
  return { need, place }
}

/**
 * Refuse a cloud that lacks something located elsewhere.
 *
 * @throws CONFLICTING_REFERENCES
 */
export function refuseElsewhere(to: SpName, needs: readonly Need[]): void {
  const astray = needs.find(need => need.places.length > 0 && !isAt(need, to))
  if (!astray) return
  throw new MixmatchError(
    'CONFLICTING_REFERENCES',
    `The new name asks for "${to}", but the request refers to ${whereabouts(astray)}: ` +
      'expected both in one cloud.',
  )
}

function isAt({ places }: Need, cloud: SpName): boolean {
  return places.some(({ serviceProvider }) => serviceProvider === cloud)
}

/** What is known of a cloud that is no longer configured, or that the request comes from, is no help. */
function placesOf(
  { type, id }: ResourceKey,
  request: RoutedRequest,
  federation: Federation,
): readonly Place[] {
  const reachable = federation
    .locate(type, id)
    .filter(
      ({ serviceProvider }) =>
        serviceProvider === IDENTITY_PROVIDER || isOffered(serviceProvider, request, federation),
    )
  const open = reachable.filter(
    ({ serviceProvider }) => !hasPassed(serviceProvider, request, federation),
  )
  return open.length > 0 ? open : reachable
}

function conflict(located: readonly Need[]): MixmatchError {
  return new MixmatchError(
    'CONFLICTING_REFERENCES',
    `The request refers to ${located.map(whereabouts).join(' and to ')}: expected all in one cloud.`,
  )
}

/** `volume 5f… at sp1`. */
function whereabouts({ resource: { type, id }, places }: Need): string {
  return `${type} ${id} at ${places.map(({ serviceProvider }) => serviceProvider).join(', ')}`
}
