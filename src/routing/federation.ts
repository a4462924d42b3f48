import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import type { FindEvidence, Locate } from '../projection/place.js'
import type { RoutedRequest } from './request.js'

/** A cloud as far as routing needs to know it. */
export interface Cloud {
  readonly name: SpName
  /** Its name in Keystone: by it, proxies tell each other in MM-PROXY-LIST who has had a request. */
  readonly spName: string
  readonly enabledServices: readonly string[]
}

/** What a decision depends on besides the request. */
export interface Federation {
  readonly clouds: readonly Cloud[]
  readonly locate: Locate
  readonly evidence: FindEvidence
  readonly searchByBroadcast: boolean
  readonly aggregation: boolean
}

/** Whether the service of the request is enabled at a cloud of ours. */
export function offersService(at: SpName, request: RoutedRequest, { clouds }: Federation): boolean {
  const cloud = clouds.find(({ name }) => name === at)
  return cloud?.enabledServices.includes(request.path.service) ?? false
}

/** Whether the proxy of a cloud has had the request before. */
export function hasBeenAt(cloud: SpName, request: RoutedRequest, { clouds }: Federation): boolean {
  const { proxyList } = request.controls
  return clouds.some(
    ({ name, spName }) => name === cloud && proxyList.some(had => had === name || had === spName),
  )
}

/** The clouds that have the service and have not had the request, the identity provider first. */
export function openClouds(request: RoutedRequest, federation: Federation): readonly SpName[] {
  const open = federation.clouds
    .map(({ name }) => name)
    .filter(
      name => offersService(name, request, federation) && !hasBeenAt(name, request, federation),
    )
  return [
    ...open.filter(name => name === IDENTITY_PROVIDER),
    ...open.filter(name => name !== IDENTITY_PROVIDER),
  ]
}

/**
 * The clouds that could hold what another claims, and that requests for an unknown id would reach
 * before it: the identity provider; with `search_by_broadcast`, which looks everywhere, also those that
 * are configured before the claimant. Their order is that of trust.
 */
export function nearerClouds(
  claimant: SpName,
  request: RoutedRequest,
  federation: Federation,
): readonly SpName[] {
  if (claimant === IDENTITY_PROVIDER) return []
  const { clouds, searchByBroadcast } = federation
  const rankOf = (cloud: SpName) => clouds.findIndex(({ name }) => name === cloud)
  const isNearer = (cloud: SpName) =>
    cloud === IDENTITY_PROVIDER || (searchByBroadcast && rankOf(cloud) < rankOf(claimant))
  return openClouds(request, federation).filter(isNearer)
}

/**
 * Refuse a cloud at which the service of the request is not enabled.
 *
 * @throws NOT_FOUND
 */
export function rejectDisabled(to: SpName, request: RoutedRequest, federation: Federation): void {
  if (offersService(to, request, federation)) return
  const { service } = request.path
  throw new MixmatchError(
    'NOT_FOUND',
    `The request would go to "${to}", but enabled_services of [sp_${to}] does not list ${service}: ` +
      'nothing is served there.',
  )
}

/**
 * Refuse a cloud that is none of ours, or that does not have the service.
 *
 * @throws UNKNOWN_SERVICE_PROVIDER
 */
export function rejectUnknownCloud(
  to: SpName,
  request: RoutedRequest,
  federation: Federation,
): void {
  if (offersService(to, request, federation)) return
  const offered = federation.clouds
    .map(({ name }) => name)
    .filter(name => offersService(name, request, federation))
  throw new MixmatchError(
    'UNKNOWN_SERVICE_PROVIDER',
    `No service provider "${to}" offers ${request.path.service}: expected one of ${offered.join(', ')}.`,
  )
}

/**
 * Refuse to send a request to a cloud whose proxy has had it before.
 *
 * @throws PROXY_LOOP
 */
export function rejectLoop(to: SpName, request: RoutedRequest, federation: Federation): void {
  if (!hasBeenAt(to, request, federation)) return
  throw new MixmatchError(
    'PROXY_LOOP',
    `The request would go to "${to}", whose proxy has had it before: MM-PROXY-LIST is ` +
      `"${request.controls.proxyList.join(', ')}". If that names another cloud, ` +
      'set a sp_name of its own in [sp_default] of each proxy.',
  )
}
