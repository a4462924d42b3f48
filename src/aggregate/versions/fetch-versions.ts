import { MixmatchError } from '../../errors.js'
import type { SpName } from '../../ids.js'
import type { ParsedPath } from '../../routing/path.js'
import type { ServiceName } from '../../service/service.js'
import type { CloudWaits } from '../../upstream/cloud-wait.js'
import type { Destination, Destinations } from '../../upstream/destination.js'
import type { Timeouts } from '../../upstream/failure.js'
import type { Pools } from '../../upstream/pools.js'
import { nameRequest } from '../../upstream/request-name.js'
import { fetchText } from '../../upstream/text-response.js'
import {
  parseVersions,
  type VersionDocument,
  type VersionDocuments,
  type VersionRequester,
} from './version-documents.js'

const ANONYMOUS = { token: null, caller: null, isService: false }
const ANY_PROJECT = { asked: null, owner: null }
/** Requests share the documents, so a client that leaves does not abort the fetch. */
const NEVER = new AbortController().signal

/**
 * Create the function that fetches the version document of one cloud, without a token, because services
 * need none for it. If the endpoint is not configured, it comes from the catalog in the user's token.
 */
export function createVersionFetcher(options: {
  destinations: Destinations
  pools: Pools
  timeouts: Timeouts
  waits: CloudWaits
}): VersionDocuments['of'] {
  const { destinations, pools, timeouts, waits } = options

  async function findRoot(
    service: ServiceName,
    cloud: SpName,
    { requester }: VersionRequester,
  ): Promise<Destination | null> {
    const root = rootOf(service)
    try {
      return await destinations.resolve(cloud, root, ANONYMOUS, ANY_PROJECT)
    } catch (error) {
      const isHidden = error instanceof MixmatchError && error.code === 'NOT_AUTHENTICATED'
      if (!isHidden || requester.caller === null) throw error
      for await (const found of destinations.resolveEach(cloud, root, requester, ANY_PROJECT))
        return found
      return null
    }
  }

  async function fetchDocument(
    service: ServiceName,
    cloud: SpName,
    requester: VersionRequester,
    signal: AbortSignal,
  ): Promise<VersionDocument | null> {
    const destination = await findRoot(service, cloud, requester)
    if (destination === null) return null
    const { origin, path } = destination
    const headers = ['Accept', 'application/json', 'MM-PROXY-LIST', requester.visited.join(',')]
    const what = nameRequest(cloud, 'GET', path)
    const pool = pools.pool(cloud, origin)
    return parseVersions(await fetchText(pool, { path, headers, what }, timeouts, signal))
  }

  return async (service, cloud, requester) => {
    const wait = waits.isFailing(cloud) ? null : waits.open(cloud, NEVER)
    if (wait === null) return null
    try {
      return await wait(
        `Service provider "${cloud}": the versions of its ${service} service`,
        signal => fetchDocument(service, cloud, requester, signal),
        () => 'unknown', // a version document does not prove that the rest of the service works
      )
    } catch (error) {
      if (error instanceof MixmatchError) return null
      throw error
    }
  }
}

function rootOf(service: ServiceName): ParsedPath {
  return {
    service,
    version: null,
    projectSegment: null,
    collection: null,
    target: { kind: 'discovery' },
    rest: '/',
    query: '',
  }
}
