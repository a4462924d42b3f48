import { readFileSync } from 'node:fs'
import { type ConnectionPool, createConnectionPool, type PoolOptions } from './connection-pool.js'
import { PoolDispatcher } from './dispatcher.js'
import { createSocketMaker } from './socket.js'

/** How the certificates of a cloud are verified, from the configuration. */
export interface Trust {
  /** PEM file of the authorities that are trusted instead of the system's. */
  readonly cafile?: string | null
  /** Accept any certificate. */
  readonly insecure?: boolean
}

/** The connections to one server, and undici's interface to them. */
interface OriginPool extends ConnectionPool {
  readonly dispatcher: PoolDispatcher
}

/** Pools of connections, one for each origin. */
export interface OriginPools {
  /** @param origin `http://10.0.0.5:9292` */
  pool(origin: string): OriginPool
  /** Close all connections. Running exchanges fail. */
  destroy(): void
}

/** @throws the error of reading `cafile` */
export function createOriginPools(options: PoolOptions & Trust): OriginPools {
  const { cafile = null, insecure = false } = options
  const rules = { authorities: cafile === null ? null : readFileSync(cafile), insecure }
  const pools = new Map<string, OriginPool>()

  function open(origin: string): OriginPool {
    const pool = createConnectionPool(createSocketMaker(origin, rules), options)
    return { ...pool, dispatcher: new PoolDispatcher(pool) }
  }

  return {
    pool(origin) {
      const existing = pools.get(origin)
      if (existing) return existing
      const pool = open(origin)
      pools.set(origin, pool)
      return pool
    },
    destroy() {
      for (const pool of pools.values()) pool.destroy()
    },
  }
}
