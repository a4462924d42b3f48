import { IDENTITY_PROVIDER, isUuid, type SpName } from '../ids.js'
import { entry, services } from '../service/services.js'
import {
  type Aggregate,
  type Decision,
  isUnconfirmed,
  type Search,
  type SingleCloud,
} from './decision.js'
import {
  type Federation,
  offersService,
  openClouds,
  rejectDisabled,
  rejectLoop,
  rejectUnknownCloud,
} from './federation.js'
import { findNeeds, findSharedPlace, type Need, rejectOtherCloud } from './needs.js'
import type { RoutedRequest } from './request.js'
import { findNewName } from './request-rule.js'

/** Methods that change nothing (RFC 9110 §9.2.1). */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/**
 * Decide where a request goes. This function is pure, so `explain` and replay decide like the proxy. The
 * rules are tried in order, and the first that applies decides.
 *
 * @throws UNKNOWN_SERVICE_PROVIDER if the named cloud does not exist or does not have the service
 * @throws CONFLICTING_REFERENCES if the request needs resources of two clouds
 * @throws PROXY_LOOP if it would go to a cloud whose proxy it has already passed
 * @throws NOT_FOUND if it would go to a cloud in which its service is not enabled
 */
export function decide(request: RoutedRequest, federation: Federation): Decision {
  const needs = findNeeds(request, federation)
  const decision =
    routeByHeader(request, federation, needs) ??
    routeByName(request, federation, needs) ??
    routeByClaim(needs) ??
    routeByPlace(needs) ??
    mergeVersions(request, federation) ??
    mergeLists(request, federation) ??
    searchClouds(request, federation, needs) ??
    routeByDefault(request)
  if (decision.kind === 'one' && !isUnconfirmed(decision)) {
    rejectDisabled(decision.to, request, federation)
    rejectLoop(decision.to, request, federation)
  }
  return decision
}

/** The user names the cloud in MM-SERVICE-PROVIDER. */
function routeByHeader(
  request: RoutedRequest,
  federation: Federation,
  needs: readonly Need[],
): SingleCloud | null {
  const to = request.controlHeaders.serviceProvider
  if (to === null) return null
  rejectUnknownCloud(to, request, federation)
  return routeTo(to, 'asked', needs)
}

/** A new `disk@sp1` goes to sp1. If there is no such cloud, the @ has no meaning. */
function routeByName(
  request: RoutedRequest,
  federation: Federation,
  needs: readonly Need[],
): SingleCloud | null {
  const to = findCloudInName(findNewName(request), federation)
  if (to === null) return null
  rejectUnknownCloud(to, request, federation)
  rejectOtherCloud(to, needs)
  return routeTo(to, 'named', needs)
}

/** Only a service provider itself claims that it holds the resource: others are asked first, see `needs.ts`. */
function routeByClaim(needs: readonly Need[]): SingleCloud | null {
  const need = needs.find(({ claims }) => claims.length > 0)
  const [claim] = need?.claims ?? []
  if (!need || !claim) return null
  const { place, ask } = claim
  return {
    kind: 'one',
    to: place.serviceProvider,
    because: need.in === 'body' ? 'referred' : 'located',
    resource: need.resource,
    owner: place.project,
    restsOn: place.position,
    askFirst: ask,
  }
}

/** The log shows where the resources of the request are. */
function routeByPlace(needs: readonly Need[]): SingleCloud | null {
  const shared = findSharedPlace(needs)
  if (!shared) return null
  const { need, place } = shared
  const because = need.in === 'body' ? 'referred' : need.places.length > 1 ? 'conflict' : 'located'
  return routeTo(place.serviceProvider, because, needs)
}

/** If requests may go to several clouds, clients get the versions that all of them have. */
function mergeVersions(
  request: RoutedRequest,
  federation: Federation,
): SingleCloud | Aggregate | null {
  const { method, path } = request
  const { aggregation, searchByBroadcast } = federation
  if (path.target.kind !== 'discovery' || method !== 'GET') return null
  const among = aggregation || searchByBroadcast ? openClouds(request, federation) : []
  const [only] = among
  if (only === undefined) return null
  if (among.length > 1) return { kind: 'aggregate', among, because: 'versions', form: 'versions' }
  return only === IDENTITY_PROVIDER ? null : routeTo(only, 'versions', [])
}

/** Merge the lists of all clouds. If no cloud has the service, the list is empty. */
function mergeLists(
  request: RoutedRequest,
  federation: Federation,
): SingleCloud | Aggregate | null {
  const form = findForm(request)
  if (form === null) return null
  const { aggregation, clouds } = federation
  const among = aggregation ? openClouds(request, federation) : []
  const considered = aggregation ? clouds.map(({ name }) => name) : [IDENTITY_PROVIDER]
  const isDisabledEverywhere = !considered.some(name => offersService(name, request, federation))
  if (isDisabledEverywhere && form.form === 'list') {
    return { kind: 'aggregate', among: [], because: 'list', ...form }
  }
  const [only] = among
  if (only === undefined) return null
  return among.length === 1
    ? routeTo(only, 'list', [])
    : { kind: 'aggregate', among, because: 'list', ...form }
}

/** Search only for UUIDs: clients also send names in the place of ids. */
function searchClouds(
  request: RoutedRequest,
  federation: Federation,
  needs: readonly Need[],
): Search | null {
  const need = needs.find(({ resource }) => isUuid(resource.id))
  if (!need || !federation.searchByBroadcast) return null
  const among = openClouds(request, federation)
  if (among.every(name => name === IDENTITY_PROVIDER)) return null
  const readOnly = need.in === 'path' && SAFE_METHODS.includes(request.method)
  return { kind: 'search', among, because: 'unknown', resource: need.resource, readOnly }
}

function routeByDefault({ path: { target } }: RoutedRequest): SingleCloud {
  const local = target.kind === 'discovery' || target.kind === 'local'
  return routeTo(IDENTITY_PROVIDER, local ? 'local' : 'default', [])
}

/** The route to a cloud, with the first needed resource that is located there. */
function routeTo(to: SpName, because: SingleCloud['because'], needs: readonly Need[]): SingleCloud {
  for (const { resource, places } of needs) {
    const place = places.find(({ serviceProvider }) => serviceProvider === to)
    if (place) {
      const { project: owner, position: restsOn } = place
      return { kind: 'one', to, because, resource, owner, restsOn }
    }
  }
  return { kind: 'one', to, because, resource: null, owner: null, restsOn: null }
}

/** The cloud after the last @ of a name. */
function findCloudInName(name: string | null, { clouds }: Federation): SpName | null {
  if (name === null || !name.includes('@')) return null
  const suffix = name.slice(name.lastIndexOf('@') + 1)
  return clouds.find(cloud => cloud.name === suffix)?.name ?? null
}

type Form = { readonly form: 'list'; readonly envelope: string } | { readonly form: 'sum' }

/** How the responses of several clouds become one; null if they cannot. */
function findForm({ method, path: { service, collection, target } }: RoutedRequest): Form | null {
  if (method !== 'GET' || target.kind !== 'collection') return null
  const { envelope, words } = entry(services[service].collections, collection ?? '') ?? {}
  const shows = target.word === null ? 'list' : entry(words, target.word)
  if (shows === 'sum') return { form: 'sum' }
  return shows === 'list' && envelope ? { form: 'list', envelope } : null
}
