import { type Dispatcher, Pool } from 'undici'
import type { SpName } from '../ids.js'

/** How a cloud's certificate is checked. */
export interface Tls {
  /** PEM of the authorities to trust; null for those that Node trusts. */
  readonly ca: string | null
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
  tls: (cloud: SpName) => Tls
}): Pools {
  const pools = new Map<string, Pool>()

  function open(cloud: SpName, origin: string): Pool {
    const { ca, insecure } = options.tls(cloud)
    return new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connect: {
        timeout: options.connectTimeoutMs,
        rejectUnauthorized: !insecure,
        ...(ca === null ? {} : { ca }),
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
