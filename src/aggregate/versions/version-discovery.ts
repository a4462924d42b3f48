import { MixmatchError } from '../../errors.js'
import type { RawHeaders } from '../../http-client/raw-headers.js'
import { IDENTITY_PROVIDER, type SpName } from '../../ids.js'
import type { ParsedPath } from '../../routing/path.js'
import type { ServiceName } from '../../service/service.js'
import type { CloudWaits } from '../../upstream/cloud-wait.js'
import type { Destination, Destinations } from '../../upstream/destination.js'
import type { Timeouts } from '../../upstream/failure.js'
import type { Pools } from '../../upstream/pools.js'
import { nameRequest } from '../../upstream/request-name.js'
import { fetchText, type TextResponse } from '../../upstream/text-response.js'
import { intersectVersions } from './common-versions.js'
import {
  parseVersions,
  type Version,
  type VersionDocument,
  type VersionDocuments,
  type VersionRequester,
} from './version-documents.js'

/** A request for the versions of a service, or of one major version of it. */
export interface DiscoveryRequest extends VersionRequester {
  readonly path: ParsedPath
  /** The identity provider first. */
  readonly among: readonly SpName[]
  readonly headers: (destination: Destination) => RawHeaders
  /** Where clients find the proxy, without a slash at the end. */
  readonly publicBase: string
}

interface DiscoveryParts {
  readonly documents: VersionDocuments
  readonly destinations: Pick<Destinations, 'resolve'>
  readonly pools: Pools
  readonly timeouts: Timeouts
  readonly waits: CloudWaits
}

export type DiscoveryResponse =
  | { readonly kind: 'discovered'; readonly status: number; readonly body: string }
  /** The response of the identity provider if it has no version document. */
  | { readonly kind: 'forwarded'; readonly by: Destination; readonly response: TextResponse }

/**
 * Create the function that responds with the versions that every cloud has, as the identity provider
 * describes them, with links to the proxy. A cloud that is down is ignored.
 *
 * @returns a function that throws SERVICE_PROVIDER_UNREACHABLE if no cloud responds
 */
export function createVersionDiscovery(
  parts: DiscoveryParts,
): (request: DiscoveryRequest, signal: AbortSignal) => Promise<DiscoveryResponse> {
  const { documents } = parts

  return async (request, signal) => {
    const { path, among, publicBase } = request
    const { service } = path
    const own = isRoot(path) ? null : await fetchFromIdentityProvider(request, parts, signal)
    const template = own && parseVersions(own.response)
    if (own && !template) return { kind: 'forwarded', ...own }

    const roots = await Promise.all(among.map(cloud => documents.of(service, cloud, request)))
    const [first, ...others] = [template, ...roots].filter(document => document !== null)
    if (first === undefined) throw noResponse(service)
    const versions = intersectVersions([first.versions, ...others.map(({ versions }) => versions)])
    const base = `${publicBase}/${service}`
    return {
      kind: 'discovered',
      status: template?.status ?? statusOf(path, first),
      body: JSON.stringify({
        versions: versions.filter(hasMajor(path.version)).map(version => withLinks(base, version)),
      }),
    }
  }
}

/** The document at the root of a service is public, so that it can be cached for all users. */
function isRoot({ version, rest }: ParsedPath): boolean {
  return version === null && (rest === '' || rest === '/')
}

/** @returns null if the identity provider does not respond */
async function fetchFromIdentityProvider(
  { path, requester, headers }: DiscoveryRequest,
  { destinations, pools, timeouts, waits }: DiscoveryParts,
  signal: AbortSignal,
): Promise<{ by: Destination; response: TextResponse } | null> {
  const by = await destinations.resolve(IDENTITY_PROVIDER, path, requester, {
    asked: null,
    owner: null,
  })
  const what = nameRequest(by.cloud, 'GET', by.path)
  const request = { path: by.path, headers: headers(by), what }
  const wait = waits.isFailing(by.cloud) ? null : waits.open(by.cloud, signal)
  if (wait === null) return null
  try {
    const response = await wait(
      what,
      until => fetchText(pools.pool(by.cloud, by.origin), request, timeouts, until),
      () => 'unknown', // a version document does not prove that the rest of the service works
    )
    return { by, response }
  } catch (error) {
    if (error instanceof MixmatchError) return null
    throw error
  }
}

/** The status if the identity provider is down: only the root of a service offers a choice, with 300. */
function statusOf(path: ParsedPath, { status }: VersionDocument): number {
  return isRoot(path) ? status : 200
}

function hasMajor(version: string | null): (each: Version) => boolean {
  const major = (id: string) => id.replace(/\..*$/, '')
  return ({ id }) => version === null || major(id) === major(version)
}

function withLinks(base: string, version: Version): Version {
  const [major] = version.id.split('.')
  return {
    ...version,
    links: version.links.map(link =>
      link.rel === 'self' ? { ...link, href: `${base}/${major}/` } : link,
    ),
  }
}

function noResponse(service: ServiceName): MixmatchError {
  const message = `No cloud responds to a request for the versions of its ${service} service.`
  return new MixmatchError('SERVICE_PROVIDER_UNREACHABLE', message)
}
