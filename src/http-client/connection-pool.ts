import { ClientError } from './client-error.js'
import { Connection } from './connection.js'
import {
  CarriedExchange,
  type ClientRequest,
  type Exchange,
  type ResponseHandler,
} from './exchange.js'
import type { SocketMaker } from './socket.js'

/** Connections to one server, kept open between requests. */
export interface ConnectionPool {
  /**
   * Send a request on a connection that is idle, or else on a new one. Where there may be no more of
   * them, it waits for its turn.
   */
  send(request: ClientRequest, handler: ResponseHandler): Exchange
  /** End all connections, and what runs on them. */
  destroy(): void
}

export interface PoolOptions {
  readonly connectTimeoutMs: number
  /** Connections at a time; null for as many as there are requests. */
  readonly connections: number | null
}

const SWEEP_MS = 1000

export function createConnectionPool(
  server: SocketMaker,
  { connectTimeoutMs, connections }: PoolOptions,
): ConnectionPool {
  const limit = connections ?? Number.POSITIVE_INFINITY
  const all = new Set<Connection>()
  /** The one that was used last stands last. */
  const idle: Connection[] = []
  const waiting: CarriedExchange[] = []
  let sweeping: NodeJS.Timeout | undefined
  let isDestroyed = false

  const owner = {
    onIdle(connection: Connection) {
      idle.push(connection)
      sweeping ??= setInterval(sweep, SWEEP_MS).unref()
      carryNext()
    },
    onClosed(connection: Connection) {
      all.delete(connection)
      const index = idle.indexOf(connection)
      if (index >= 0) idle.splice(index, 1)
      carryNext()
    },
  }

  function carryNext(): void {
    if (isDestroyed || waiting.length === 0) return
    const next = waiting.shift()
    if (next?.isAborted) carryNext()
    else if (next && !carry(next)) waiting.unshift(next)
  }

  /** @returns whether there is a connection for it, or may be one more */
  function carry(exchange: CarriedExchange): boolean {
    const last = idle.at(-1)
    if (last?.mayCarry(exchange.request, performance.now())) {
      idle.pop()
      last.start(exchange)
      return true
    }
    // One that is idle and may not carry this request makes room.
    if (all.size >= limit) idle[0]?.destroy(closed())
    if (all.size >= limit) return false
    const connection = new Connection(server, connectTimeoutMs, owner)
    all.add(connection)
    connection.start(exchange)
    return true
  }

  function sweep(): void {
    const now = performance.now()
    const expired = idle.filter(connection => connection.isExpired(now))
    for (const connection of expired) connection.destroy(closed())
    if (idle.length > 0) return
    clearInterval(sweeping)
    sweeping = undefined
  }

  return {
    send(request, handler) {
      const exchange = new CarriedExchange(request, handler)
      if (isDestroyed) queueMicrotask(() => handler.onError(closed()))
      else if (waiting.length > 0 || !carry(exchange)) waiting.push(exchange)
      return exchange
    },
    destroy() {
      isDestroyed = true
      clearInterval(sweeping)
      for (const { handler, isAborted } of waiting.splice(0))
        if (!isAborted) handler.onError(closed())
      for (const connection of [...all]) connection.destroy(closed())
    },
  }
}

function closed(): ClientError {
  return new ClientError('POOL_CLOSED', 'the pool of connections is closed')
}
