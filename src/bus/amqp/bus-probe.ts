import { existsSync } from 'node:fs'
import type { TlsOptions } from '../bus.js'
import { messageOf } from '../bus-status.js'
import { parseTransportUrl } from '../transport-url.js'
import { connectAny } from './broker-connection.js'
import { type Inspection, inspect } from './topology.js'

/** What can be seen of a bus from where we stand, without leaving a trace on it. */
export type Probe =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'file'; readonly path: string; readonly exists: boolean }
  | (Inspection & { readonly kind: 'rabbit'; readonly host: string })

const HEARTBEAT_SECONDS = 0

/**
 * Look at a bus: whether it lets us in, which exchanges are there, and whether our queue is.
 * Nothing is declared, bound or consumed.
 *
 * @throws CONFIG_INVALID where the URL cannot be read
 */
export async function probeBus(options: {
  readonly url: string
  readonly exchanges: readonly string[]
  readonly queue: string
  readonly tls: TlsOptions
  readonly connectTimeoutMs: number
}): Promise<Probe> {
  const url = parseTransportUrl(options.url)
  if (url.kind === 'file') return { kind: 'file', path: url.path, exists: existsSync(url.path) }
  const { tls, connectTimeoutMs, exchanges, queue } = options
  const how = {
    heartbeatSeconds: HEARTBEAT_SECONDS,
    connectTimeoutMs,
    tls,
    name: 'mixmatch doctor',
  }
  try {
    const connection = await connectAny(url, 0, how, new AbortController().signal)
    connection.model.on('error', () => {}) // what is being asked rejects with the same
    try {
      return {
        kind: 'rabbit',
        host: connection.host,
        ...(await inspect(connection.model, queue, exchanges)),
      }
    } finally {
      await connection.close()
    }
  } catch (error) {
    return { kind: 'unreachable', reason: messageOf(error) }
  }
}
