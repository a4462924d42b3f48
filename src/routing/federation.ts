import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import type { FindEvidence, Locate } from '../projection/place.js'
import { redactedExcerpt } from '../redaction.js'
import type { RoutedRequest } from './request.js'

/** How much of a text from a client an error shows. */
const MAX_SHOWN = 200

/** What routing needs to know about a cloud. */
export interface Cloud {
  readonly name: SpName
  /** Its name in Keystone, which proxies also use in MM-PROXY-LIST. */
  readonly spName: string
  readonly enabledServices: readonly string[]
}

/** What decisions depend on besides the request. */
export interface Federation {
  readonly clouds: readonly Cloud[]
  readonly locate: Locate
  readonly evidence: FindEvidence
  readonly searchByBroadcast: boolean
  readonly aggregation: boolean
}

/** Whether the cloud is configured and has the service of the request. */
export function offersService(at: SpName, request: RoutedRequest, { clouds }: Federation): boolean {
  const cloud = clouds.find(({ name }) => name === at)
  return cloud?.enabledServices.includes(request.path.service) ?? false
}

/** Whether the request has passed the proxy of a cloud, according to MM-PROXY-LIST. */
export function hasBeenAt(cloud: SpName, request: RoutedRequest, { clouds }: Federation): boolean {
  const { proxyList } = request.controlHeaders
  if (proxyList.length === 0) return false
  return clouds.some(candidate => candidate.name === cloud && isPassed(candidate, proxyList))
}

function isPassed({ name, spName }: Cloud, proxyList: readonly string[]): boolean {
  return proxyList.some(had => had === name || had === spName)
}

/** Whether the cloud has the service of the request, which has not passed its proxy. */
function isOpen(cloud: Cloud, { path, controlHeaders }: RoutedRequest): boolean {
  return cloud.enabledServices.includes(path.service) && !isPassed(cloud, controlHeaders.proxyList)
}

/** The clouds that have the service and that the request has not passed; the identity provider comes first. */
export function openClouds(request: RoutedRequest, federation: Federation): readonly SpName[] {
  const open = federation.clouds.filter(cloud => isOpen(cloud, request)).map(({ name }) => name)
  return [
    ...open.filter(name => name === IDENTITY_PROVIDER),
    ...open.filter(name => name !== IDENTITY_PROVIDER),
  ]
}

/**
 * The clouds that are trusted more than the claimant of a resource: the identity provider. With
 * `search_by_broadcast`, which searches all clouds, also those that are configured before the claimant.
 */
export function nearerClouds(
  claimant: SpName,
  request: RoutedRequest,
  federation: Federation,
): readonly SpName[] {
  if (claimant === IDENTITY_PROVIDER) return []
  const { clouds, searchByBroadcast } = federation
  const claimantRank = clouds.findIndex(({ name }) => name === claimant)
  const nearer = clouds.filter(
    ({ name }, rank) => name === IDENTITY_PROVIDER || (searchByBroadcast && rank < claimantRank),
  )
  return openClouds(request, { ...federation, clouds: nearer })
}

/**
 * Reject a cloud in which the service of the request is not enabled.
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
 * Reject a cloud that is not configured or does not have the service.
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
    `No service provider "${redactedExcerpt(to, MAX_SHOWN)}" offers ${request.path.service}: expected one of ${offered.join(', ')}.`,
  )
}

/**
 * Reject a request that would go to a cloud whose proxy it has already passed.
 *
 * @throws PROXY_LOOP
 */
export function rejectLoop(to: SpName, request: RoutedRequest, federation: Federation): void {
  if (!hasBeenAt(to, request, federation)) return
  throw proxyLoop(`The request would go to "${to}", whose proxy has had it before`, request)
}

/** What this proxy is called in MM-PROXY-LIST: the Keystone name of its own cloud. */
export function proxyNameOf(clouds: readonly Pick<Cloud, 'name' | 'spName'>[]): string {
  return clouds.find(({ name }) => name === IDENTITY_PROVIDER)?.spName ?? IDENTITY_PROVIDER
}

/**
 * Reject a request that this proxy has sent on already: the way to another cloud leads back here (RFC 5842,
 * section 7.2).
 *
 * @throws PROXY_LOOP
 */
export function rejectReturned(request: RoutedRequest, { clouds }: Federation): void {
  const { proxyList } = request.controlHeaders
  if (proxyList.length === 0 || !proxyList.includes(proxyNameOf(clouds))) return
  throw proxyLoop('The request has come back to the proxy that sent it', request)
}

function proxyLoop(what: string, { controlHeaders }: RoutedRequest): MixmatchError {
  return new MixmatchError(
    'PROXY_LOOP',
    `${what}: MM-PROXY-LIST is "${redactedExcerpt(controlHeaders.proxyList.join(', '), MAX_SHOWN)}". If that names ` +
      'another cloud, set a sp_name of its own in [sp_default] of each proxy.',
  )
}
