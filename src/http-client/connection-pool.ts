import { ClientError } from './client-error.js'
import { Connection } from './connection.js'
import {
  type ClientRequest,
  type Exchange,
  PendingExchange,
  type ResponseHandler,
} from './exchange.js'
import type { SocketMaker } from './socket.js'

/** Connections to one server, kept open between requests. */
export interface ConnectionPool {
  /**
   * Send a request on an idle connection, or on a new one. If the limit of connections is reached, the
   * request waits.
   */
  send(request: ClientRequest, handler: ResponseHandler): Exchange
  /** Close all connections. Their exchanges fail with POOL_CLOSED. */
  destroy(): void
}

export interface PoolOptions {
  readonly connectTimeoutMs: number
  /** How many connections may be open at a time; null for no limit. */
  readonly connections: number | null
}

const SWEEP_MS = 1000

export function createConnectionPool(
  server: SocketMaker,
  { connectTimeoutMs, connections }: PoolOptions,
): ConnectionPool {
  const limit = connections ?? Number.POSITIVE_INFINITY
  const all = new Set<Connection>()
  /** The most recently used connection is the last. */
  const idle: Connection[] = []
  const waiting: PendingExchange[] = []
  let sweeping: NodeJS.Timeout | undefined
  let isDestroyed = false

  const owner = {
    onIdle(connection: Connection) {
      idle.push(connection)
      sweeping ??= setInterval(sweep, SWEEP_MS).unref()
      sendWaiting()
    },
    onStale: open,
    onClosed(connection: Connection) {
      all.delete(connection)
      const index = idle.indexOf(connection)
      if (index >= 0) idle.splice(index, 1)
      sendWaiting()
    },
  }

  function sendWaiting(): void {
    if (isDestroyed || waiting.length === 0) return
    const next = waiting.shift()
    if (next?.isAborted) sendWaiting()
    else if (next && !sendNow(next)) waiting.unshift(next)
  }

  /** @returns false if the limit of connections is reached */
  function sendNow(exchange: PendingExchange): boolean {
    const last = idle.at(-1)
    if (last?.canSend(exchange.request, performance.now())) {
      idle.pop()
      last.start(exchange)
      return true
    }
    // Close an idle connection that cannot be used for this request, to make room for a new one.
    if (all.size >= limit) idle[0]?.destroy(closed())
    if (all.size >= limit) return false
    open(exchange)
    return true
  }

  function open(exchange: PendingExchange): void {
    if (isDestroyed) {
      exchange.handler.onError(closed())
      return
    }
    const connection = new Connection(server, connectTimeoutMs, owner)
    all.add(connection)
    connection.start(exchange)
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
      const exchange = new PendingExchange(request, handler)
      if (isDestroyed) queueMicrotask(() => handler.onError(closed()))
      else if (waiting.length > 0 || !sendNow(exchange)) waiting.push(exchange)
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
