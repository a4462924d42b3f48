import { readFile } from 'node:fs/promises'
import { type ChannelModel, connect } from 'amqplib'
import type { TlsOptions } from '../bus.js'
import { messageOf } from '../bus-status.js'
import type { BrokerHost, RabbitUrl } from '../transport-url.js'

/** A connection, and which host it is to. */
export interface Connection {
  readonly model: ChannelModel
  /** `127.0.0.1:5672` */
  readonly host: string
  /** Its place among the hosts of the URL. */
  readonly hostIndex: number
  /** End it at once. */
  destroy(): void
  /** Say goodbye to the broker, but do not wait for one that is gone. */
  close(): Promise<void>
}

interface ConnectOptions {
  readonly heartbeatSeconds: number
  readonly connectTimeoutMs: number
  readonly tls: TlsOptions
  /** What operators see in RabbitMQ's list of connections. */
  readonly name: string
}

/**
 * Connect to the first host of a cluster that answers, beginning with the one at `first`.
 *
 * @throws Error with what each host said, where none would have us
 */
export async function connectAny(
  url: RabbitUrl,
  first: number,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Connection> {
  const refusals: string[] = []
  for (const turn of url.hosts.keys()) {
    const hostIndex = (first + turn) % url.hosts.length
    const host = url.hosts[hostIndex]
    if (!host || signal.aborted) continue
    const address = printAddress(host)
    try {
      const opened = await connectTo(host, url, options, signal)
      return { ...opened, host: address, hostIndex }
    } catch (error) {
      refusals.push(`${address}: ${messageOf(error)}`)
    }
  }
  throw new Error(refusals.join('; '))
}

async function connectTo(
  host: BrokerHost,
  url: RabbitUrl,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Pick<Connection, 'model' | 'destroy' | 'close'>> {
  const { heartbeatSeconds, connectTimeoutMs, name } = options
  const ours = new AbortController()
  const socket = {
    timeout: connectTimeoutMs,
    signal: ours.signal, // of node:net: destroys the socket, for which amqplib itself has no call
    noDelay: true,
    keepAlive: true,
    clientProperties: { connection_name: name },
    ...(url.tls && (await tlsOf(url, options.tls))),
  }
  const destroy = () => ours.abort()
  signal.addEventListener('abort', destroy, { once: true })
  try {
    const model = await connect(
      {
        protocol: url.tls ? 'amqps' : 'amqp',
        hostname: host.hostname,
        port: host.port,
        username: host.username,
        password: host.password,
        vhost: encodeURIComponent(url.virtualHost), // amqplib decodes it, given as an option too
        heartbeat: url.heartbeatSeconds ?? heartbeatSeconds,
      },
      socket,
    )
    return { model, destroy, close: () => closeModel(model, destroy) }
  } finally {
    signal.removeEventListener('abort', destroy)
  }
}

async function tlsOf(url: RabbitUrl, { caFile, insecure }: TlsOptions) {
  const ca = url.caFile ?? caFile
  return {
    rejectUnauthorized: !insecure,
    ...(ca !== null && { ca: await readFile(ca) }),
    ...(url.certFile !== null && { cert: await readFile(url.certFile) }),
    ...(url.keyFile !== null && { key: await readFile(url.keyFile) }),
  }
}

/** How long a broker gets to answer that a connection is closed, when all that matters is done. */
const CLOSE_MS = 1000

async function closeModel(model: ChannelModel, destroySocket: () => void): Promise<void> {
  model.on('error', () => {}) // whatever it still has to say, it is over
  const timer = setTimeout(destroySocket, CLOSE_MS)
  const closed = new Promise<void>(resolve => model.once('close', () => resolve()))
  try {
    await Promise.race([model.close(), closed])
  } catch {
    // it was closed already
  } finally {
    clearTimeout(timer)
    destroySocket()
  }
}

function printAddress({ hostname, port }: BrokerHost): string {
  return hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`
}
