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
import { intersectVersions, microversionRangeOf } from './common-versions.js'
import {
  parseVersions,
  type Version,
  type VersionDocument,
  type VersionDocuments,
  type VersionRequester,
} from './version-documents.js'

/** A request for the versions that there are, of a service or of one major version of it. */
export interface DiscoveryRequest extends VersionRequester {
  readonly path: ParsedPath
  /** The identity provider first. */
  readonly among: readonly SpName[]
  readonly headers: (destination: Destination) => RawHeaders
  /** Where clients find the proxy, without a slash at the end. */
  readonly publicBase: string
}

export interface DiscoveryParts {
  readonly documents: VersionDocuments
  readonly destinations: Pick<Destinations, 'resolve'>
  readonly pools: Pools
  readonly timeouts: Timeouts
  readonly waits: CloudWaits
}

export type DiscoveryResponse =
  | { readonly kind: 'merged'; readonly status: number; readonly body: string }
  /** What the identity provider answers where it has no version document to give. */
  | { readonly kind: 'passed'; readonly by: Destination; readonly answer: TextResponse }

/**
 * Make what tells clients of the versions that every cloud has, in the words of the identity
 * provider, with links to the proxy. A cloud that is down is no reason to have none.
 *
 * @returns a function that throws SERVICE_PROVIDER_UNREACHABLE where no cloud is there to ask
 */
export function createVersionDiscovery(
  parts: DiscoveryParts,
): (request: DiscoveryRequest, signal: AbortSignal) => Promise<DiscoveryResponse> {
  const { documents } = parts

  return async (request, signal) => {
    const { path, among, publicBase } = request
    const { service } = path
    const own = isRoot(path) ? null : await askAtHome(request, parts, signal)
    const template = own && parseVersions(own.answer)
    if (own && !template) return { kind: 'passed', ...own }

    const roots = await Promise.all(among.map(cloud => documents.of(service, cloud, request)))
    const known = [template, ...roots].filter(document => document !== null)
    const [first, ...others] = known
    if (first === undefined) throw nobodyToAsk(service)
    const versions = intersectVersions([first.versions, ...others.map(({ versions }) => versions)])
    const to = `${publicBase}/${service}`
    return {
      kind: 'merged',
      status: template?.status ?? statusFor(path, first),
      body: JSON.stringify({
        versions: versions.filter(isOf(path.version)).map(version => withLinksTo(to, version)),
      }),
    }
  }
}

/** Make what tells the microversions of one cloud, by the number after the point; null for none. */
export function createMicroversionRanges(documents: VersionDocuments) {
  return async (service: ServiceName, cloud: SpName, inquirer: VersionRequester) => {
    const document = await documents.of(service, cloud, inquirer)
    const current = document?.versions.find(({ status }) => status === 'CURRENT')
    return current ? microversionRangeOf(current) : null
  }
}

/** What a service answers at its root is for everybody, and the same for a while. */
function isRoot({ version, rest }: ParsedPath): boolean {
  return version === null && (rest === '' || rest === '/')
}

/** null where the identity provider is not there to answer. */
async function askAtHome(
  { path, requester, headers }: DiscoveryRequest,
  { destinations, pools, timeouts, waits }: DiscoveryParts,
  signal: AbortSignal,
): Promise<{ by: Destination; answer: TextResponse } | null> {
  const by = await destinations.resolve(IDENTITY_PROVIDER, path, requester, {
    asked: null,
    owner: null,
  })
  const request = {
    path: by.path,
    headers: headers(by),
    what: nameRequest(by.cloud, 'GET', by.path),
  }
  const wait = waits.isFailing(by.cloud) ? null : waits.open(by.cloud, signal)
  if (wait === null) return null
  try {
    const pool = pools.dispatcher(by.cloud, by.origin)
    const answer = await wait(
      request.what,
      until => fetchText(pool, request, timeouts, until),
      () => 'unknown', // a version document is no proof that the rest of the service works
    )
    return { by, answer }
  } catch (error) {
    if (error instanceof MixmatchError) return null
    throw error
  }
}

/** Without the identity provider to say it: one version is no choice, and neither is `/versions`. */
function statusFor(path: ParsedPath, { status }: VersionDocument): number {
  return isRoot(path) ? status : 200
}

function isOf(version: string | null): (each: Version) => boolean {
  const major = (id: string) => id.replace(/\..*$/, '')
  return ({ id }) => version === null || major(id) === major(version)
}

function withLinksTo(service: string, version: Version): Version {
  const [major] = version.id.split('.')
  return {
    ...version,
    links: version.links.map(link =>
      link.rel === 'self' ? { ...link, href: `${service}/${major}/` } : link,
    ),
  }
}

function nobodyToAsk(service: ServiceName): MixmatchError {
  const message = `No cloud answers for its ${service} service, so that nothing tells which versions there are.`
  return new MixmatchError('SERVICE_PROVIDER_UNREACHABLE', message)
}
