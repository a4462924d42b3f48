import { IDENTITY_PROVIDER, isUuid, type SpName } from '../ids.js'
import { entry, services } from '../service/services.js'
import { findNewName } from './call.js'
import { type Aggregate, type Decision, isUnconfirmed, type One, type Search } from './decision.js'
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

/** Methods that change nothing (RFC 9110 §9.2.1), so that several clouds may be asked. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/**
 * Where a request goes. Pure: replay and `explain` get the answer that the proxy would have given.
 * The first that has something to say decides, in the order in which they stand here.
 *
 * @throws UNKNOWN_SERVICE_PROVIDER where the cloud that is asked for is none or lacks the service
 * @throws CONFLICTING_REFERENCES where the request would need two clouds at once
 * @throws PROXY_LOOP where it would go to a cloud whose proxy has had it before
 * @throws NOT_FOUND where it would go to a cloud at which its service is not enabled
 */
export function decide(request: RoutedRequest, federation: Federation): Decision {
  const needs = findNeeds(request, federation)
  const decision =
    asked(request, federation, needs) ??
    named(request, federation, needs) ??
    claimed(needs) ??
    bound(needs) ??
    discovered(request, federation) ??
    listed(request, federation) ??
    searched(request, federation, needs) ??
    otherwise(request)
  if (decision.kind === 'one' && !isUnconfirmed(decision)) {
    rejectDisabled(decision.to, request, federation)
    rejectLoop(decision.to, request, federation)
  }
  return decision
}

function asked(request: RoutedRequest, federation: Federation, needs: readonly Need[]): One | null {
  const to = request.controls.serviceProvider
  if (to === null) return null
  rejectUnknownCloud(to, request, federation)
  return towards(to, 'asked', needs)
}

/** A new `disk@sp1` goes to sp1. Without a cloud of that name, an @ is a letter like any other. */
function named(request: RoutedRequest, federation: Federation, needs: readonly Need[]): One | null {
  const to = cloudIn(findNewName(request), federation)
  if (to === null) return null
  rejectUnknownCloud(to, request, federation)
  rejectOtherCloud(to, needs)
  return towards(to, 'named', needs)
}

/** What rests on a service provider's word alone goes nowhere before others were asked: `needs.ts`. */
function claimed(needs: readonly Need[]): One | null {
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

function bound(needs: readonly Need[]): One | null {
  const shared = findSharedPlace(needs)
  if (!shared) return null
  const { need, place } = shared
  const because = need.in === 'body' ? 'referred' : need.places.length > 1 ? 'conflict' : 'located'
  return towards(place.serviceProvider, because, needs)
}

/** Where requests may go to several clouds, the versions that are told of are those of all. */
function discovered(request: RoutedRequest, federation: Federation): One | Aggregate | null {
  const { method, path } = request
  const { aggregation, searchByBroadcast } = federation
  if (path.target.kind !== 'discovery' || method !== 'GET') return null
  const among = aggregation || searchByBroadcast ? openClouds(request, federation) : []
  const [only] = among
  if (only === undefined) return null
  if (among.length > 1) return { kind: 'aggregate', among, because: 'versions', form: 'versions' }
  return only === IDENTITY_PROVIDER ? null : towards(only, 'versions', [])
}

/** Of a service that is enabled nowhere there is nothing: an empty list. */
function listed(request: RoutedRequest, federation: Federation): One | Aggregate | null {
  const form = formOf(request)
  if (form === null) return null
  const { aggregation, clouds } = federation
  const among = aggregation ? openClouds(request, federation) : []
  const asked = aggregation ? clouds.map(({ name }) => name) : [IDENTITY_PROVIDER]
  const isNowhere = !asked.some(name => offersService(name, request, federation))
  if (isNowhere && form.form === 'list') {
    return { kind: 'aggregate', among: [], because: 'list', ...form }
  }
  const [only] = among
  if (only === undefined) return null
  return among.length === 1
    ? towards(only, 'list', [])
    : { kind: 'aggregate', among, because: 'list', ...form }
}

/** Only what is a UUID can be an id: clients also try the names of things where ids stand. */
function searched(
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

function otherwise({ path: { target } }: RoutedRequest): One {
  const local = target.kind === 'discovery' || target.kind === 'local'
  return towards(IDENTITY_PROVIDER, local ? 'local' : 'default', [])
}

/** To a cloud, resting on the first need that is located there. */
function towards(to: SpName, because: One['because'], needs: readonly Need[]): One {
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
function cloudIn(name: string | null, { clouds }: Federation): SpName | null {
  if (name === null || !name.includes('@')) return null
  const suffix = name.slice(name.lastIndexOf('@') + 1)
  return clouds.find(cloud => cloud.name === suffix)?.name ?? null
}

type Form = { readonly form: 'list'; readonly envelope: string } | { readonly form: 'sum' }

/** What the answers of several clouds could be made into; null where they cannot. */
function formOf({ method, path: { service, collection, target } }: RoutedRequest): Form | null {
  if (method !== 'GET' || target.kind !== 'collection') return null
  const { envelope, words } = entry(services[service].collections, collection ?? '') ?? {}
  const shows = target.word === null ? 'list' : entry(words, target.word)
  if (shows === 'sum') return { form: 'sum' }
  return shows === 'list' && envelope ? { form: 'list', envelope } : null
}
