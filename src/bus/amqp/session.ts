import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../../event/time.js'
import type { Micros } from '../../ids.js'
import { DEFAULT_BATCH } from '../batches.js'
import type { AmqpOptions } from '../bus.js'
import { type BusChange, createBusEvent, type PossibleGap } from '../bus-event.js'
import { messageOf, type StatusTracker } from '../bus-status.js'
import type { BrokerConnection } from './broker-connection.js'
import { type Consumer, startConsumer } from './consumer.js'
import { type Binding, bindExchange, declareQueue, rebindExchange } from './topology.js'

/** What one connection to a broker needs. */
export interface Session {
  readonly options: AmqpOptions
  readonly history: BusHistory
  readonly status: StatusTracker
  /** To be called when the connection has proved to work. */
  readonly onHealthy: () => void
}

/** What one connection hands to the next. */
export interface BusHistory {
  /** By exchange, whether it was durable when it was last seen. */
  readonly durable: Map<string, boolean>
  /** Whether notifications can have been lost before the first connection. */
  readonly hasRunBefore: boolean
  /** The index of the host of the cluster to connect to first. */
  host: number
  /** When a working connection was lost; null when the next one works. */
  lostAt: Micros | null
}

/**
 * Consume from a connection until the signal of the options stops it, or until it breaks: then it
 * rejects.
 *
 * Our queue is bound first, also to exchanges that a restart of the broker has deleted: what
 * a service publishes before that is lost. What may have been lost is recorded as an event before the
 * first message that came later.
 */
export async function runSession(
  connection: BrokerConnection,
  broken: AbortController,
  session: Session,
): Promise<void> {
  const { options, history, status } = session
  const { logger, serviceProvider, queue } = options
  const bindings = await bindExchanges(connection, session)
  const missing = unboundIn(bindings)
  const consumer = await startConsumer(connection.model, {
    queue: queue.name,
    serviceProvider,
    batch: options.batch ?? DEFAULT_BATCH,
    onDeliveries: options.onDeliveries,
    onAcknowledged(count) {
      status.delivered(count)
      session.onHealthy()
    },
    onBroken: error => broken.abort(error),
  })
  history.lostAt = null
  status.connected(missing)
  logger.info({ host: connection.host, queue: queue.name, missing }, 'bus connected')
  try {
    await watchExchanges(connection, bindings, broken.signal, session)
    broken.signal.throwIfAborted()
    await drain(consumer, connection, options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS)
  } catch (error) {
    await consumer.abandon()
    await recordLoss(broken.signal.aborted ? broken.signal.reason : error, session)
    throw error
  }
}

/** Longer than any batch takes, shorter than the time that an init system gives a process to end. */
const CLOSE_TIMEOUT_MS = 10_000

/** A broker that does not answer is not waited for: it sends again what it did not confirm. */
async function drain(
  consumer: Consumer,
  { destroy }: BrokerConnection,
  timeoutMs: number,
): Promise<void> {
  const timer = setTimeout(destroy, timeoutMs)
  try {
    await consumer.drain()
  } finally {
    clearTimeout(timer)
  }
}

type Bindings = Map<string, Binding['state']>

async function bindExchanges(
  { model, host }: BrokerConnection,
  session: Session,
): Promise<Bindings> {
  const { options, history } = session
  const { queue, exchanges, logger } = options
  const declared = await declareQueue(model, queue, logger)
  const found = await Promise.all(
    exchanges.map(async exchange => {
      const remembered = history.durable.get(exchange) ?? null
      return { exchange, binding: await bindExchange(model, queue.name, exchange, remembered) }
    }),
  )
  const gap = gapUntilNow(history)
  await recordChange({ type: 'busConnected', host }, history.lostAt === null ? null : gap, session)
  if (declared) await recordChange({ type: 'queueDeclared', queue: queue.name }, gap, session)
  for (const { exchange, binding } of found) await recordBinding(exchange, binding, gap, session)
  return new Map(found.map(({ exchange, binding }) => [exchange, binding.state]))
}

function gapUntilNow({ lostAt, hasRunBefore }: BusHistory): PossibleGap | null {
  return lostAt !== null || hasRunBefore ? { from: lostAt, to: now() } : null
}

/** Remember how an exchange is declared, and record it if it is new. */
async function recordBinding(
  exchange: string,
  { state, durable, redeclared }: Binding,
  gap: PossibleGap | null,
  session: Session,
): Promise<void> {
  const { history, options } = session
  if (state === 'refused') {
    options.logger.warn({ exchange }, 'the broker does not let us read from this exchange')
  }
  if (redeclared) await recordChange({ type: 'exchangeRedeclared', exchange }, gap, session)
  if (durable === null || durable === history.durable.get(exchange)) return
  history.durable.set(exchange, durable)
  const type = durable ? 'exchangeDurable' : 'exchangeTransient'
  await recordChange({ type, exchange }, gap, session)
}

const RECHECK_MS = 10_000

/**
 * Check the exchanges periodically: a missing one may exist by now, and one that was deleted and
 * declared again has lost our binding without notice. Resolves when the session is over.
 */
async function watchExchanges(
  { model }: BrokerConnection,
  bindings: Bindings,
  broken: AbortSignal,
  session: Session,
): Promise<void> {
  const { options, status, onHealthy } = session
  const over = AbortSignal.any([options.signal, broken])
  let checkedAt = now()
  const pause = () => sleep(options.recheckMs ?? RECHECK_MS, true, { signal: over })
  while (await pause().catch(() => false)) {
    const gap = { from: checkedAt, to: now() }
    checkedAt = gap.to
    for (const [exchange, state] of bindings) {
      const next =
        state === 'bound'
          ? await checkBinding(model, exchange, session)
          : await bindIfExists(model, exchange, gap, session)
      bindings.set(exchange, next)
    }
    status.connected(unboundIn(bindings))
    onHealthy()
  }
}

async function bindIfExists(
  model: BrokerConnection['model'],
  exchange: string,
  gap: PossibleGap,
  session: Session,
): Promise<Binding['state']> {
  const { options } = session
  const binding = await bindExchange(model, options.queue.name, exchange, null)
  if (binding.state !== 'bound') return binding.state
  options.logger.info({ exchange }, 'the exchange exists now, and is bound')
  await recordBinding(exchange, binding, gap, session)
  return binding.state
}

/**
 * An exchange that disappears while the broker runs was deleted by somebody, perhaps to declare it
 * with other attributes. So it is forgotten, and not declared again as it was.
 */
async function checkBinding(
  model: BrokerConnection['model'],
  exchange: string,
  { options, history }: Session,
): Promise<Binding['state']> {
  const state = await rebindExchange(model, options.queue.name, exchange)
  if (state === 'bound') return state
  options.logger.warn({ exchange, state }, 'the exchange is gone; checking whether it returns')
  history.durable.delete(exchange)
  return state
}

function unboundIn(bindings: Bindings): string[] {
  return [...bindings].filter(([, state]) => state !== 'bound').map(([exchange]) => exchange)
}

async function recordChange(
  change: BusChange,
  gap: PossibleGap | null,
  { options }: Session,
): Promise<void> {
  await options.onBusEvent(createBusEvent(options, change, now(), gap))
}

/** If the log cannot take the loss, it could not take the messages: the first error is the one to report. */
async function recordLoss(error: unknown, session: Session): Promise<void> {
  const { history, options } = session
  history.lostAt = now()
  try {
    await recordChange({ type: 'busLost', reason: messageOf(error) }, null, session)
  } catch (cause) {
    options.logger.error({ error: messageOf(cause) }, 'the loss of the bus could not be recorded')
  }
}
