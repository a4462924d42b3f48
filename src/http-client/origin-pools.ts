import { readFileSync } from 'node:fs'
import { type ConnectionPool, createConnectionPool, type PoolOptions } from './connection-pool.js'
import { createSocketMaker } from './socket.js'

/** How the certificates of a cloud are verified, from the configuration. */
export interface Trust {
  /** PEM file of the authorities that are trusted instead of the system's. */
  readonly cafile?: string | null
  /** Accept any certificate. */
  readonly insecure?: boolean
}

/** Pools of connections, one for each origin. */
export interface OriginPools {
  /** @param origin `http://10.0.0.5:9292` */
  pool(origin: string): ConnectionPool
  /** Close all connections. Running exchanges fail. */
  destroy(): void
}

/** @throws the error of reading `cafile` */
export function createOriginPools(options: PoolOptions & Trust): OriginPools {
  const { cafile = null, insecure = false } = options
  const rules = { authorities: cafile === null ? null : readFileSync(cafile), insecure }
  const pools = new Map<string, ConnectionPool>()

  return {
    pool(origin) {
      const existing = pools.get(origin)
      if (existing) return existing
      const pool = createConnectionPool(createSocketMaker(origin, rules), options)
      pools.set(origin, pool)
      return pool
    },
    destroy() {
      for (const pool of pools.values()) pool.destroy()
    },
  }
}
