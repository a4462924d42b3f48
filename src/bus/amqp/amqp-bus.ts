import type { AmqpOptions, Bus } from '../bus.js'
import { keepStatus } from '../bus-status.js'
import { retryForever } from '../retry.js'
import { nameOfBus, type RabbitUrl } from '../transport-url.js'
import { connectAny } from './broker-connection.js'
import { listenOn, type Memory, type Session } from './session.js'

/**
 * Listen to a cloud's RabbitMQ through one connection and a durable queue of our own, for ever: what
 * breaks is connected anew. Nothing is acknowledged that `onDeliveries` did not take.
 */
export function listenAmqp(url: RabbitUrl, options: AmqpOptions): Bus {
  const { serviceProvider, signal, logger, backoff } = options
  const status = keepStatus()
  const memory: Memory = {
    durable: new Map(
      options.knownExchanges
        .filter(({ bus }) => bus === options.label)
        .map(({ name, durable }) => [name, durable]),
    ),
    hasRunBefore: options.knownExchanges.length > 0,
    host: 0,
    lostAt: null,
  }
  const run = (itWorks: () => void) => connectAndListen(url, { options, memory, status, itWorks })
  const stopped = retryForever(run, { backoff, status, logger, signal })
  return { serviceProvider, name: nameOfBus(url), status: status.value, stopped }
}

const HEARTBEAT_SECONDS = 60
const CONNECT_TIMEOUT_MS = 10_000

/** One connection, from its beginning to its end: resolves when it was stopped, rejects when it broke. */
async function connectAndListen(url: RabbitUrl, session: Session): Promise<void> {
  const { options, memory } = session
  const connection = await connectAny(
    url,
    memory.host,
    {
      heartbeatSeconds: options.heartbeatSeconds ?? HEARTBEAT_SECONDS,
      connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      tls: options.tls,
      name: `mixmatch ${options.serviceProvider}`,
    },
    options.signal,
  )
  const broken = new AbortController()
  const { model } = connection
  model.on('error', error => broken.abort(error))
  model.on('close', error => broken.abort(error ?? new Error('the connection was closed')))
  model.on('blocked', reason => options.logger.warn({ reason }, 'the broker is out of resources'))
  model.on('unblocked', () => options.logger.info('the broker has resources again'))
  memory.host = connection.hostIndex
  try {
    await listenOn(connection, broken, session)
  } catch (error) {
    memory.host += 1 // another node of the cluster may do better
    // what was being done fails with less to say than what broke it
    throw broken.signal.aborted ? broken.signal.reason : error
  } finally {
    await connection.close()
  }
}
