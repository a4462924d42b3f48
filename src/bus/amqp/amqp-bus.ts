import type { AmqpOptions, Bus } from '../bus.js'
import { createStatusTracker } from '../bus-status.js'
import { retryForever } from '../retry.js'
import { nameOfBus, type RabbitUrl } from '../transport-url.js'
import { connectToCluster } from './broker-connection.js'
import { type BusHistory, runSession, type Session } from './session.js'

/**
 * Consume the notifications of a cloud from RabbitMQ, through one connection and our own durable queue. A
 * connection that breaks is replaced. Messages are acknowledged only after `onDeliveries` has returned.
 */
export function listenToAmqp(url: RabbitUrl, options: AmqpOptions): Bus {
  const { serviceProvider, signal, logger, backoff, knownExchanges, label } = options
  const status = createStatusTracker()
  const ofThisBus = knownExchanges.filter(({ bus }) => bus === label)
  const history: BusHistory = {
    durable: new Map(ofThisBus.map(({ name, durable }) => [name, durable])),
    hasRunBefore: knownExchanges.length > 0,
    host: 0,
    lostAt: null,
  }
  const run = (onHealthy: () => void) =>
    connectAndConsume(url, { options, history, status, onHealthy })
  const stopped = retryForever(run, { backoff, status, logger, signal })
  return { serviceProvider, name: nameOfBus(url), status: status.value, stopped }
}

const HEARTBEAT_SECONDS = 60
const CONNECT_TIMEOUT_MS = 10_000

/** Connect and consume. Resolves when the signal has stopped it, rejects when the connection breaks. */
async function connectAndConsume(url: RabbitUrl, session: Session): Promise<void> {
  const { options, history } = session
  const connection = await connectToCluster(
    url,
    history.host,
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
  history.host = connection.hostIndex
  try {
    await runSession(connection, broken, session)
  } catch (error) {
    history.host += 1 // another node of the cluster may work
    // the reason for the broken connection says more than the errors that it caused
    throw broken.signal.aborted ? broken.signal.reason : error
  } finally {
    await connection.close()
  }
}
