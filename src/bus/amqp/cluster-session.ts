import type { Logger } from 'pino'
import type { RabbitUrl } from '../transport-url.js'
import {
  type BrokerConnection,
  type ConnectOptions,
  connectToCluster,
} from './broker-connection.js'

/** Which host of a cluster is tried first. It is kept from one connection to the next. */
export interface FirstHost {
  index: number
}

/**
 * Connect to one host of a cluster and use the connection until `use` resolves. If it breaks, the next connection
 * begins with another host.
 *
 * @param use gets a controller to break the connection with, for example if a confirmation is late
 * @throws the reason why it broke
 */
export async function useCluster(
  url: RabbitUrl,
  parts: {
    readonly first: FirstHost
    readonly connect: ConnectOptions
    readonly logger: Logger
    readonly signal: AbortSignal
  },
  use: (connection: BrokerConnection, broken: AbortController) => Promise<void>,
): Promise<void> {
  const { first, connect, logger, signal } = parts
  const connection = await connectToCluster(url, first.index, connect, signal)
  const broken = new AbortController()
  const { model } = connection
  model.on('error', error => broken.abort(error))
  model.on('close', error => broken.abort(error ?? new Error('the connection was closed')))
  model.on('blocked', reason => logger.warn({ reason }, 'the broker is out of resources'))
  model.on('unblocked', () => logger.info('the broker has resources again'))
  first.index = connection.hostIndex
  try {
    await use(connection, broken)
  } catch (error) {
    first.index += 1 // another node of the cluster may work
    // the reason for the broken connection says more than the errors that it caused
    throw broken.signal.aborted ? broken.signal.reason : error
  } finally {
    await connection.close()
  }
}
