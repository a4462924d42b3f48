import { MixmatchError } from '../../errors.js'
import type { SpName } from '../../ids.js'
import type { ParsedPath } from '../../routing/path.js'
import type { ServiceName } from '../../service/service.js'
import type { Destination, Destinations } from '../../upstream/destination.js'
import type { Timeouts } from '../../upstream/failure.js'
import type { Pools } from '../../upstream/pools.js'
import { fetchText } from '../../upstream/text-response.js'
import { type Documents, type Inquirer, parseVersions } from './version-documents.js'

const NOBODY = { token: null, caller: null, isService: false }
const NO_WISHES = { asked: null, owner: null }

/**
 * Make what fetches the version document of one cloud, without a token: services need none for it.
 * Only where the endpoint is not configured, the user's own way there tells where it is.
 */
export function createFetchDocument(options: {
  destinations: Destinations
  pools: Pools
  timeouts: Timeouts
  /** How long one cloud may take. */
  deadlineMs: number
}): Documents['of'] {
  const { destinations, pools, timeouts, deadlineMs } = options

  async function find(
    service: ServiceName,
    cloud: SpName,
    { sender }: Inquirer,
  ): Promise<Destination | null> {
    const root = rootOf(service)
    try {
      return await destinations.reach(cloud, root, NOBODY, NO_WISHES)
    } catch (error) {
      const isHidden = error instanceof MixmatchError && error.code === 'NOT_AUTHENTICATED'
      if (!isHidden || sender.caller === null) throw error
      for await (const found of destinations.reachEach(cloud, root, sender, NO_WISHES)) return found
      return null
    }
  }

  return async (service, cloud, inquirer) => {
    try {
      const destination = await find(service, cloud, inquirer)
      if (destination === null) return null
      const { origin, path } = destination
      const headers = ['Accept', 'application/json', 'MM-PROXY-LIST', inquirer.visited.join(',')]
      const what = `Service provider "${cloud}": GET ${path}`
      const signal = AbortSignal.timeout(deadlineMs)
      const pool = pools.pool(cloud, origin, 'GET')
      return parseVersions(await fetchText(pool, { path, headers, what }, timeouts, signal))
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
