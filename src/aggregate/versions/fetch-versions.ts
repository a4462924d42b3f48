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

const NOBODY = { token: null, caller: null, isService: false }
const NO_PREFERENCE = { asked: null, owner: null }
/** Documents are shared by requests, so that no one client calls the reading off. */
const NEVER = new AbortController().signal

/**
 * Make what fetches the version document of one cloud, without a token: services need none for it.
 * Only where the endpoint is not configured, the user's own way there tells where it is.
 */
export function createVersionFetcher(options: {
  destinations: Destinations
  pools: Pools
  timeouts: Timeouts
  waits: CloudWaits
}): VersionDocuments['of'] {
  const { destinations, pools, timeouts, waits } = options

  async function find(
    service: ServiceName,
    cloud: SpName,
    { requester }: VersionRequester,
  ): Promise<Destination | null> {
    const root = rootOf(service)
    try {
      return await destinations.resolve(cloud, root, NOBODY, NO_PREFERENCE)
    } catch (error) {
      const isHidden = error instanceof MixmatchError && error.code === 'NOT_AUTHENTICATED'
      if (!isHidden || requester.caller === null) throw error
      for await (const found of destinations.resolveEach(cloud, root, requester, NO_PREFERENCE))
        return found
      return null
    }
  }

  async function fetchFrom(
    service: ServiceName,
    cloud: SpName,
    inquirer: VersionRequester,
    signal: AbortSignal,
  ): Promise<VersionDocument | null> {
    const destination = await find(service, cloud, inquirer)
    if (destination === null) return null
    const { origin, path } = destination
    const headers = ['Accept', 'application/json', 'MM-PROXY-LIST', inquirer.visited.join(',')]
    const what = nameRequest(cloud, 'GET', path)
    const pool = pools.dispatcher(cloud, origin)
    return parseVersions(await fetchText(pool, { path, headers, what }, timeouts, signal))
  }

  return async (service, cloud, inquirer) => {
    const wait = waits.isFailing(cloud) ? null : waits.open(cloud, NEVER)
    if (wait === null) return null
    try {
      return await wait(
        `Service provider "${cloud}": the versions of its ${service} service`,
        signal => fetchFrom(service, cloud, inquirer, signal),
        () => 'unknown', // a version document is no proof that the rest of the service works
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
