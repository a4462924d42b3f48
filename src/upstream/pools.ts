import { readFileSync } from 'node:fs'
import { type Dispatcher, Pool } from 'undici'
import type { SpName } from '../ids.js'

/** How the certificates of a cloud are judged. */
export interface Trust {
  /** PEM file of the authorities that are believed instead of the system's. */
  readonly cafile: string | null
  /** Take any certificate. */
  readonly insecure: boolean
}

/** Connections to clouds, kept alive between requests. */
export interface Pools {
  /** The pool for an origin (`http://10.0.0.5:9292`) of a cloud. */
  pool(cloud: SpName, origin: string, method: string): Dispatcher
  /** Waits for the running requests. */
  close(): Promise<void>
  /** Breaks them off. */
  destroy(): Promise<void>
}

/** Tokens of SPs make for long headers, and Glance puts every property of an image into one each. */
const MAX_HEADER_BYTES = 256 * 1024
/** Shorter than the 5 s of Apache and Node, so that a request seldom meets a closing connection. */
const KEEP_ALIVE_MS = 4000

/**
 * One pool per cloud and origin, and a second for HEAD: undici closes a connection after each HEAD,
 * which should not cost the other requests theirs.
 */
export function createPools(options: {
  connectTimeoutMs: number
  /** Connections to one origin at a time, null for as many as there are requests. */
  connections: number | null
  trust: (cloud: SpName) => Trust
}): Pools {
  const pools = new Map<string, Pool>()

  function open(cloud: SpName, origin: string): Pool {
    const { cafile, insecure } = options.trust(cloud)
    return new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connect: {
        timeout: options.connectTimeoutMs,
        rejectUnauthorized: !insecure,
        ...(cafile !== null && { ca: readFileSync(cafile) }),
      },
    })
  }

  return {
    pool(cloud, origin, method) {
      const key = `${cloud} ${origin} ${method === 'HEAD' ? 'HEAD' : ''}`
      const existing = pools.get(key)
      if (existing) return existing
      const pool = open(cloud, origin)
      pools.set(key, pool)
      return pool
    },
    close: async () => void (await Promise.all([...pools.values()].map(pool => pool.close()))),
    destroy: async () => void (await Promise.all([...pools.values()].map(pool => pool.destroy()))),
  }
}
