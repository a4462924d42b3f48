import type { AmqpOptions, Bus } from '../bus.js'
import { createStatusTracker } from '../bus-status.js'
import { retryForever } from '../retry.js'
import { nameOfBus, type RabbitUrl } from '../transport-url.js'
import { useCluster } from './cluster-session.js'
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
    host: { index: 0 },
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
  const connect = {
    heartbeatSeconds: options.heartbeatSeconds ?? HEARTBEAT_SECONDS,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    tls: options.tls,
    name: `mixmatch ${options.serviceProvider}`,
  }
  await useCluster(url, { ...options, first: history.host, connect }, (connection, broken) =>
    runSession(connection, broken, session),
  )
}
