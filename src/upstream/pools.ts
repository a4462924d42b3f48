import type { ConnectionPool } from '../http-client/connection-pool.js'
import { createOriginPools, type OriginPools, type Trust } from '../http-client/origin-pools.js'
import type { SpName } from '../ids.js'

/** Connections to clouds, kept open between requests. */
export interface Pools {
  /** The connections to an origin (`http://10.0.0.5:9292`) of a cloud. */
  pool(cloud: SpName, origin: string): ConnectionPool
  /** Close all connections. Running requests fail. */
  destroy(): void
}

/** One pool for each cloud and origin: clouds may have different TLS options for the same server. */
export function createPools(options: {
  connectTimeoutMs: number
  /** The most connections to one origin at a time; null for no limit. */
  connections: number | null
  trust: (cloud: SpName) => Trust
}): Pools {
  const { connectTimeoutMs, connections, trust } = options
  const clouds = new Map<SpName, OriginPools>()

  function poolsOf(cloud: SpName): OriginPools {
    const existing = clouds.get(cloud)
    if (existing) return existing
    const { cafile = null, insecure = false } = trust(cloud)
    const pools = createOriginPools({ connectTimeoutMs, connections, cafile, insecure })
    clouds.set(cloud, pools)
    return pools
  }

  return {
    pool: (cloud, origin) => poolsOf(cloud).pool(origin),
    destroy() {
      for (const pools of clouds.values()) pools.destroy()
    },
  }
}
