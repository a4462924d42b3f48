import { existsSync } from 'node:fs'
import type { TlsOptions } from '../bus.js'
import { messageOf } from '../bus-status.js'
import { parseTransportUrl } from '../transport-url.js'
import { connectToCluster } from './broker-connection.js'
import { inspectTopology, type Topology } from './topology.js'

/** The result of a probe of a bus. */
export type BusProbe =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'file'; readonly path: string; readonly exists: boolean }
  | (Topology & { readonly kind: 'rabbit'; readonly host: string })

const HEARTBEAT_SECONDS = 0

/**
 * Probe a bus: whether it accepts our login, which exchanges exist, and whether our queue exists. Nothing
 * is declared, bound or consumed.
 *
 * @throws CONFIG_INVALID if the URL cannot be read
 */
export async function probeBus(options: {
  readonly url: string
  readonly exchanges: readonly string[]
  readonly queue: string
  readonly tls: TlsOptions
  readonly connectTimeoutMs: number
}): Promise<BusProbe> {
  const url = parseTransportUrl(options.url)
  if (url.kind === 'file') return { kind: 'file', path: url.path, exists: existsSync(url.path) }
  const { tls, connectTimeoutMs, exchanges, queue } = options
  const connectOptions = {
    heartbeatSeconds: HEARTBEAT_SECONDS,
    connectTimeoutMs,
    tls,
    name: 'mixmatch doctor',
  }
  try {
    const connection = await connectToCluster(url, 0, connectOptions, new AbortController().signal)
    connection.model.on('error', () => {}) // the inspection rejects with the same error
    try {
      return {
        kind: 'rabbit',
        host: connection.host,
        ...(await inspectTopology(connection.model, queue, exchanges)),
      }
    } finally {
      await connection.close()
    }
  } catch (error) {
    return { kind: 'unreachable', reason: messageOf(error) }
  }
}
