import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, position, type ResourceKey, type SpName } from '../ids.js'
import type { Evidence, Place } from '../projection/place.js'
import { type Federation, hasBeenAt, nearerClouds } from './federation.js'
import type { RoutedRequest } from './request.js'
import { findReferences } from './request-rule.js'

/** A resource without which the request fails. */
export interface Need {
  readonly resource: ResourceKey
  /** Which part of the request names it. */
  readonly in: 'path' | 'body'
  /** The clouds that hold it and that the request can go to; the preferred one comes first. */
  readonly places: readonly Place[]
  /** If `places` is empty: the clouds that only claim to hold it; the preferred one comes first. */
  readonly claims: readonly Claim[]
}

/** A place that only the service provider itself confirms. */
interface Claim {
  readonly place: Place
  /** The nearer clouds that may hold the resource, although the log does not show it; never empty. */
  readonly ask: readonly SpName[]
}

/** The resource in the path of the request, then those that its body refers to. */
export function findNeeds(request: RoutedRequest, federation: Federation): readonly Need[] {
  const needed = (resource: ResourceKey, where: Need['in']): Need => ({
    resource,
    in: where,
    ...separateClaims(resource, request, federation),
  })
  const { target } = request.path
  const named =
    target.kind === 'resource' ? [needed({ type: target.type, id: target.id }, 'path')] : []
  return [...named, ...findReferences(request).map(resource => needed(resource, 'body'))]
}

/**
 * The first located need, and the place that all located needs have in common. Needs that are not
 * located do not count; null if none is located.
 *
 * @throws CONFLICTING_REFERENCES if no cloud holds all located resources
 */
export function findSharedPlace(needs: readonly Need[]): { need: Need; place: Place } | null {
  const located = needs.filter(({ places }) => places.length > 0)
  const [need] = located
  if (!need) return null
  const place = need.places.find(candidate =>
    located.every(other => isAt(other, candidate.serviceProvider)),
  )
  if (!place) throw conflictError(located)
  return { need, place }
}

/**
 * Reject a cloud that does not hold a resource that is located elsewhere.
 *
 * @throws CONFLICTING_REFERENCES
 */
export function rejectOtherCloud(to: SpName, needs: readonly Need[]): void {
  const elsewhere = needs.find(need => need.places.length > 0 && !isAt(need, to))
  if (!elsewhere) return
  throw new MixmatchError(
    'CONFLICTING_REFERENCES',
    `The new name asks for "${to}", but the request refers to ${describePlaces(elsewhere)}: ` +
      'expected both in one cloud.',
  )
}

function isAt({ places }: Need, cloud: SpName): boolean {
  return places.some(({ serviceProvider }) => serviceProvider === cloud)
}

/**
 * Separate the confirmed places of a resource from the claims of service providers, which could claim any
 * id. A claim is confirmed if each nearer cloud is known not to hold the resource, or to hold it, too. In
 * the second case the order of `locate` decides.
 */
function separateClaims(
  resource: ResourceKey,
  request: RoutedRequest,
  federation: Federation,
): Pick<Need, 'places' | 'claims'> {
  const located = findPlaces(resource, request, federation)
  if (located.every(({ serviceProvider }) => serviceProvider === IDENTITY_PROVIDER)) {
    return { places: located, claims: [] }
  }
  const evidence = gatherEvidence(resource, request, federation)
  const claims = located.map(place => ({
    place,
    ask: cloudsToAsk(place, located, evidence, request, federation),
  }))
  const places = claims.filter(({ ask }) => ask.length === 0).map(({ place }) => place)
  if (places.length === 0) return { places, claims }
  return { places: preferFoundNearer(places, evidence, request, federation), claims: [] }
}

/** The nearer clouds that must be asked, because nothing is known about the resource there. */
function cloudsToAsk(
  { serviceProvider }: Place,
  located: readonly Place[],
  { absent, imported }: Evidence,
  request: RoutedRequest,
  federation: Federation,
): readonly SpName[] {
  if (imported.includes(serviceProvider)) return []
  const isKnown = (cloud: SpName) =>
    located.some(place => place.serviceProvider === cloud) ||
    absent.some(absence => absence.serviceProvider === cloud)
  return nearerClouds(serviceProvider, request, federation).filter(cloud => !isKnown(cloud))
}

/** Prefer the service provider that had the resource first, unless a user's read found it in a nearer cloud. */
function preferFoundNearer(
  places: readonly Place[],
  { absent, found }: Evidence,
  request: RoutedRequest,
  federation: Federation,
): readonly Place[] {
  const [first] = places
  if (!first || places.length === 1) return places
  const nearer = nearerClouds(first.serviceProvider, request, federation)
  const shown = places.find(
    ({ serviceProvider }) =>
      nearer.includes(serviceProvider) &&
      found.includes(serviceProvider) &&
      !absent.some(absence => absence.serviceProvider === serviceProvider),
  )
  return shown ? [shown, ...places.filter(place => place !== shown)] : places
}

/** The evidence that counts for the project of this request, with the results of its own reads. */
function gatherEvidence(
  { type, id }: ResourceKey,
  { project, presenceChecks }: RoutedRequest,
  federation: Federation,
): Evidence {
  const { absent, found, imported } = federation.evidence(type, id)
  const own = presenceChecks.filter(({ resource }) => resource.type === type && resource.id === id)
  const notFound = own.filter(({ isThere }) => !isThere)
  return {
    imported,
    found: [...found, ...own.filter(({ isThere }) => isThere).map(({ cloud }) => cloud)],
    absent: [
      ...absent.filter(absence => absence.project === null || absence.project === project),
      ...notFound.map(({ cloud }) => ({ serviceProvider: cloud, project })),
    ],
  }
}

/**
 * The places of a resource, without clouds that are no longer configured. Clouds that the request has
 * already passed are left out, too, if there are others.
 */
function findPlaces(
  resource: ResourceKey,
  request: RoutedRequest,
  federation: Federation,
): readonly Place[] {
  const reachable = locatedPlaces(resource, request, federation).filter(({ serviceProvider }) =>
    federation.clouds.some(({ name }) => name === serviceProvider),
  )
  const open = reachable.filter(
    ({ serviceProvider }) => !hasBeenAt(serviceProvider, request, federation),
  )
  return open.length > 0 ? open : reachable
}

function locatedPlaces(
  { type, id }: ResourceKey,
  { presenceChecks }: RoutedRequest,
  { locate }: Federation,
): readonly Place[] {
  const located = locate(type, id)
  if (presenceChecks.length === 0) return located
  const shown = presenceChecks
    .filter(({ resource, isThere }) => isThere && resource.type === type && resource.id === id)
    .filter(({ cloud }) => !located.some(({ serviceProvider }) => serviceProvider === cloud))
    .map(({ cloud, project }) => ({ serviceProvider: cloud, project, position: position(0) }))
  const isIdentityProvider = ({ serviceProvider }: Place) => serviceProvider === IDENTITY_PROVIDER
  const all = [...located, ...shown]
  return [...all.filter(isIdentityProvider), ...all.filter(place => !isIdentityProvider(place))]
}

function conflictError(located: readonly Need[]): MixmatchError {
  return new MixmatchError(
    'CONFLICTING_REFERENCES',
    `The request refers to ${located.map(describePlaces).join(' and to ')}: expected all in one cloud.`,
  )
}

/** `volume 5f… at sp1`. */
function describePlaces({ resource: { type, id }, places }: Need): string {
  return `${type} ${id} at ${places.map(({ serviceProvider }) => serviceProvider).join(', ')}`
}
