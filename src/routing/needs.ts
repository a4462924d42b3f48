import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, position, type ResourceKey, type SpName } from '../ids.js'
import type { Evidence, Place } from '../projection/place.js'
import { findReferences } from './call.js'
import { type Federation, hasBeenAt, nearerClouds } from './federation.js'
import type { RoutedRequest } from './request.js'

/** A resource without which a request fails. */
export interface Need {
  readonly resource: ResourceKey
  /** Where the request names it. */
  readonly in: 'path' | 'body'
  /** The clouds that hold it, as far as the request can go there, the preferred one first. */
  readonly places: readonly Place[]
  /** What is only claimed, where `places` is empty; the claim that counts first. */
  readonly claims: readonly Claim[]
}

/** A place that rests on a service provider's word alone. */
export interface Claim {
  readonly place: Place
  /** The nearer clouds that could hold the resource without our knowing; never empty. */
  readonly ask: readonly SpName[]
}

/** What the request needs: the resource in its path, then those that its body refers to. */
export function findNeeds(request: RoutedRequest, federation: Federation): readonly Need[] {
  const needed = (resource: ResourceKey, where: Need['in']): Need => ({
    resource,
    in: where,
    ...weighed(resource, request, federation),
  })
  const { target } = request.path
  return [
    ...(target.kind === 'resource' ? [needed({ type: target.type, id: target.id }, 'path')] : []),
    ...findReferences(request).map(resource => needed(resource, 'body')),
  ]
}

/**
 * The first located need, and the place that it shares with all other located ones. A need that is
 * not located has no say; null where none is.
 *
 * @throws CONFLICTING_REFERENCES where no cloud holds all that is located
 */
export function findSharedPlace(needs: readonly Need[]): { need: Need; place: Place } | null {
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
export function rejectOtherCloud(to: SpName, needs: readonly Need[]): void {
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

/**
 * What is known of a resource, with the word of service providers weighed: an id that the log knows
 * nothing of is not theirs to claim. A claim counts where every nearer cloud is known not to hold the
 * resource, or to hold it as well, in which case the order of `locate` decides.
 */
function weighed(
  resource: ResourceKey,
  request: RoutedRequest,
  federation: Federation,
): Pick<Need, 'places' | 'claims'> {
  const told = placesOf(resource, request, federation)
  if (told.every(({ serviceProvider }) => serviceProvider === IDENTITY_PROVIDER)) {
    return { places: told, claims: [] }
  }
  const evidence = evidenceFor(resource, request, federation)
  const claims = told.map(place => ({
    place,
    ask: unasked(place, told, evidence, request, federation),
  }))
  const places = claims.filter(({ ask }) => ask.length === 0).map(({ place }) => place)
  if (places.length === 0) return { places, claims }
  return { places: nearestFoundFirst(places, evidence, request, federation), claims: [] }
}

/** The nearer clouds of which nothing is known, so that they have to be asked. */
function unasked(
  { serviceProvider }: Place,
  told: readonly Place[],
  { absent, imported }: Evidence,
  request: RoutedRequest,
  federation: Federation,
): readonly SpName[] {
  if (imported.includes(serviceProvider)) return []
  const isAnswered = (cloud: SpName) =>
    told.some(place => place.serviceProvider === cloud) ||
    absent.some(absence => absence.serviceProvider === cloud)
  return nearerClouds(serviceProvider, request, federation).filter(cloud => !isAnswered(cloud))
}

/** Of two service providers the first to have claimed it counts, unless a nearer one has shown it. */
function nearestFoundFirst(
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

/** What is known for the project of this request, with what its own reads have shown. */
function evidenceFor(
  { type, id }: ResourceKey,
  { project, presenceChecks }: RoutedRequest,
  federation: Federation,
): Evidence {
  const { absent, found, imported } = federation.evidence(type, id)
  const own = presenceChecks.filter(({ resource }) => resource.type === type && resource.id === id)
  const missed = own.filter(({ isThere }) => !isThere)
  return {
    imported,
    found: [...found, ...own.filter(({ isThere }) => isThere).map(({ cloud }) => cloud)],
    absent: [
      ...absent.filter(absence => absence.project === null || absence.project === project),
      ...missed.map(({ cloud }) => ({ serviceProvider: cloud, project })),
    ],
  }
}

/**
 * Where a resource is said to be. A cloud that is no longer configured is no help, nor one that the
 * request comes from where there is another.
 */
function placesOf(
  resource: ResourceKey,
  request: RoutedRequest,
  federation: Federation,
): readonly Place[] {
  const reachable = toldPlaces(resource, request, federation).filter(
    ({ serviceProvider }) =>
      serviceProvider === IDENTITY_PROVIDER ||
      federation.clouds.some(({ name }) => name === serviceProvider),
  )
  const open = reachable.filter(
    ({ serviceProvider }) => !hasBeenAt(serviceProvider, request, federation),
  )
  return open.length > 0 ? open : reachable
}

function toldPlaces(
  { type, id }: ResourceKey,
  { presenceChecks }: RoutedRequest,
  { locate }: Federation,
): readonly Place[] {
  const located = locate(type, id)
  const shown = presenceChecks
    .filter(({ resource, isThere }) => isThere && resource.type === type && resource.id === id)
    .filter(({ cloud }) => !located.some(({ serviceProvider }) => serviceProvider === cloud))
    .map(({ cloud, project }) => ({ serviceProvider: cloud, project, position: position(0) }))
  const isHome = ({ serviceProvider }: Place) => serviceProvider === IDENTITY_PROVIDER
  const all = [...located, ...shown]
  return [...all.filter(isHome), ...all.filter(place => !isHome(place))]
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
