import { readFile } from 'node:fs/promises'
import { type ChannelModel, connect } from 'amqplib'
import type { TlsOptions } from '../bus.js'
import { messageOf } from '../bus-status.js'
import type { BrokerHost, RabbitUrl } from '../transport-url.js'

/** A connection to one host of a cluster. */
export interface BrokerConnection {
  readonly model: ChannelModel
  /** `127.0.0.1:5672` */
  readonly host: string
  /** The index of the host in the URL. */
  readonly hostIndex: number
  /** Close the socket at once. */
  destroy(): void
  /** Close it properly, but with a short timeout for a broker that does not answer. */
  close(): Promise<void>
}

export interface ConnectOptions {
  readonly heartbeatSeconds: number
  readonly connectTimeoutMs: number
  readonly tls: TlsOptions
  /** Its name in RabbitMQ's list of connections, for operators. */
  readonly name: string
}

/**
 * Connect to the first host of a cluster that accepts us.
 *
 * @param first the index of the host to begin with
 * @throws Error with the answer of each host, if none accepts us
 */
export async function connectToCluster(
  url: RabbitUrl,
  first: number,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  const failures: string[] = []
  for (const offset of url.hosts.keys()) {
    const hostIndex = (first + offset) % url.hosts.length
    const host = url.hosts[hostIndex]
    if (!host || signal.aborted) continue
    const address = printAddress(host)
    try {
      const opened = await connectToHost(host, url, options, signal)
      return { ...opened, host: address, hostIndex }
    } catch (error) {
      failures.push(`${address}: ${messageOf(error)}`)
    }
  }
  throw new Error(failures.join('; '))
}

async function connectToHost(
  host: BrokerHost,
  url: RabbitUrl,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Pick<BrokerConnection, 'model' | 'destroy' | 'close'>> {
  const { heartbeatSeconds, connectTimeoutMs, name } = options
  const socketAbort = new AbortController()
  const socket = {
    timeout: connectTimeoutMs,
    signal: socketAbort.signal, // an option of node:net: amqplib has no function that destroys the socket
    noDelay: true,
    keepAlive: true,
    clientProperties: { connection_name: name },
    ...(url.tls && (await readTlsOptions(url, options.tls))),
  }
  const destroy = () => socketAbort.abort()
  signal.addEventListener('abort', destroy, { once: true })
  try {
    const model = await connect(
      {
        protocol: url.tls ? 'amqps' : 'amqp',
        hostname: host.hostname,
        port: host.port,
        username: host.username,
        password: host.password,
        vhost: encodeURIComponent(url.virtualHost), // amqplib decodes it, although it is an option
        heartbeat: url.heartbeatSeconds ?? heartbeatSeconds,
      },
      socket,
    )
    return { model, destroy, close: () => closeModel(model, destroy) }
  } finally {
    signal.removeEventListener('abort', destroy)
  }
}

async function readTlsOptions(url: RabbitUrl, { caFile, insecure }: TlsOptions) {
  const ca = url.caFile ?? caFile
  return {
    rejectUnauthorized: !insecure,
    ...(ca !== null && { ca: await readFile(ca) }),
    ...(url.certFile !== null && { cert: await readFile(url.certFile) }),
    ...(url.keyFile !== null && { key: await readFile(url.keyFile) }),
  }
}

/** How long a broker may take to confirm that the connection is closed. */
const CLOSE_MS = 1000

async function closeModel(model: ChannelModel, destroySocket: () => void): Promise<void> {
  model.on('error', () => {}) // errors do not matter during the close
  const timer = setTimeout(destroySocket, CLOSE_MS)
  const closed = new Promise<void>(resolve => model.once('close', () => resolve()))
  try {
    await Promise.race([model.close(), closed])
  } catch {
    // it is already closed
  } finally {
    clearTimeout(timer)
    destroySocket()
  }
}

function printAddress({ hostname, port }: BrokerHost): string {
  return hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`
}
