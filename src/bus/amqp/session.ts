import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../../event/time.js'
import type { Micros } from '../../ids.js'
import { DEFAULT_BATCH } from '../batches.js'
import type { AmqpOptions } from '../bus.js'
import { type BusChange, createBusEvent, type PossibleGap } from '../bus-event.js'
import { messageOf, type StatusTracker } from '../bus-status.js'
import type { BrokerConnection } from './broker-connection.js'
import type { FirstHost } from './cluster-session.js'
import { type Consumer, startConsumer } from './consumer.js'
import { emptyEarlierQueue } from './earlier-queue.js'
import {
  type Binding,
  bindExchange,
  countWaiting,
  declareQueue,
  findQueue,
  rebindExchange,
} from './topology.js'

/** The parts that one connection to a broker needs. */
export interface Session {
  readonly options: AmqpOptions
  readonly history: BusHistory
  readonly status: StatusTracker
  /** Call this when the connection works. */
  readonly onHealthy: () => void
}

/** The state that one connection passes to the next. */
export interface BusHistory {
  /** For each exchange, whether it was durable at the last check. */
  readonly durable: Map<string, boolean>
  /** Whether notifications can be lost before the first connection. */
  readonly hasRunBefore: boolean
  /** The index of the host in the cluster that is tried first. */
  readonly host: FirstHost
  /** When a working connection was lost; null when the next one works. */
  lostAt: Micros | null
}

/**
 * Consume from a connection until the signal of the options stops it. Rejects when the connection breaks.
 *
 * Our queue is bound first, also to exchanges that a restart of the broker has deleted: notifications
 * before the binding are lost. The possible loss is recorded as an event before the first later message.
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
  const consuming = {
    serviceProvider,
    batch: options.batch ?? DEFAULT_BATCH,
    onDeliveries: options.onDeliveries,
    onAcknowledged(count: number) {
      status.delivered(count)
      session.onHealthy()
    },
  }
  const consumer = await startConsumer(connection.model, {
    ...consuming,
    queue: queue.name,
    onBroken: error => broken.abort(error),
  })
  history.lostAt = null
  status.connected(missing)
  logger.info({ host: connection.host, queue: queue.name, missing }, 'bus connected')
  const signal = AbortSignal.any([broken.signal, options.signal])
  const emptying =
    queue.earlier !== undefined &&
    emptyEarlierQueue(connection.model, boundIn(bindings), {
      ...consuming,
      queue: queue.earlier,
      isReplicated: !queue.shared,
      signal,
      logger,
    })
  try {
    await watchExchanges(connection, bindings, broken.signal, session)
    await emptying
    broken.signal.throwIfAborted()
    await drain(consumer, connection, options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS)
  } catch (error) {
    await consumer.abandon()
    await recordLoss(broken.signal.aborted ? broken.signal.reason : error, session)
    throw error
  }
}

/** Longer than any batch takes, and shorter than the time in which an init system kills a process. */
const CLOSE_TIMEOUT_MS = 10_000

/** Close the consumer, with a timeout for a broker that does not answer: it redelivers what it did not confirm. */
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
  const isKept = queue.earlier !== undefined && (await findQueue(model, queue.earlier)) !== null
  const gap = isKept ? null : gapUntilNow(history) // the earlier queue has what came before the binding
  await recordChange({ type: 'busConnected', host }, history.lostAt === null ? null : gap, session)
  if (declared) await recordChange({ type: 'queueDeclared', queue: queue.name }, gap, session)
  for (const { exchange, binding } of found) await recordBinding(exchange, binding, gap, session)
  return new Map(found.map(({ exchange, binding }) => [exchange, binding.state]))
}

function gapUntilNow({ lostAt, hasRunBefore }: BusHistory): PossibleGap | null {
  return lostAt !== null || hasRunBefore ? { from: lostAt, to: now() } : null
}

/** Remember how an exchange is declared, and record it as an event if that is new. */
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
 * Check the exchanges periodically. A missing one may exist now. One that was deleted and declared again
 * has lost our binding, and no error reports that. Resolves at the end of the session.
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
    status.waiting(await countWaiting(model, options.queue.name))
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
 * Check one exchange. If it disappears while the broker runs, somebody has deleted it, perhaps to declare
 * it with other attributes. So Mixmatch forgets it and does not declare it again.
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

function boundIn(bindings: Bindings): string[] {
  return [...bindings].filter(([, state]) => state === 'bound').map(([exchange]) => exchange)
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

/** Record the possible loss. If that fails too, the first error is still the one to report. */
async function recordLoss(error: unknown, session: Session): Promise<void> {
  const { history, options } = session
  history.lostAt = now()
  try {
    await recordChange({ type: 'busLost', reason: messageOf(error) }, null, session)
  } catch (cause) {
    options.logger.error({ error: messageOf(cause) }, 'the loss of the bus could not be recorded')
  }
}
