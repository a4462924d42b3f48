import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../../event/time.js'
import type { Micros } from '../../ids.js'
import { DEFAULT_BATCH } from '../batches.js'
import type { AmqpOptions } from '../bus.js'
import { type Fact, factEvent, type Gap } from '../bus-events.js'
import { messageOf, type StatusKeeper } from '../bus-status.js'
import type { Connection } from './broker-connection.js'
import { type Consumer, consume } from './consumer.js'
import { type Binding, bindExchange, declareQueue, rebindExchange } from './topology.js'

/** What one connection to a broker is given. */
export interface Session {
  readonly options: AmqpOptions
  readonly memory: Memory
  readonly status: StatusKeeper
  /** To be called once it has proven to be a good one. */
  readonly itWorks: () => void
}

/** What is carried from one connection to the next. */
export interface Memory {
  /** By exchange, whether it was durable when it was last seen. */
  readonly durable: Map<string, boolean>
  /** Whether anything can have been missed before the first connection. */
  readonly hasRunBefore: boolean
  /** Which host of the cluster to connect to first. */
  host: number
  /** When a connection that worked was lost, until the next one works. */
  lostAt: Micros | null
}

/**
 * Listen on a connection until the options' signal stops it, or until it breaks: then it rejects.
 *
 * First of all our queue is bound again to exchanges that a restart of the broker took, because
 * whatever a service publishes before that is kept by nobody. What may have been missed is told as
 * facts, before the first message that came after.
 */
export async function listenOn(
  connection: Connection,
  broken: AbortController,
  session: Session,
): Promise<void> {
  const { options, memory, status } = session
  const { logger, serviceProvider, queue } = options
  const bindings = await bindAll(connection, session)
  const missing = namesOfMissing(bindings)
  const consumer = await consume(connection.model, {
    queue: queue.name,
    serviceProvider,
    batch: options.batch ?? DEFAULT_BATCH,
    onDeliveries: options.onDeliveries,
    onTaken(count) {
      status.delivered(count)
      session.itWorks()
    },
    onBroken: error => broken.abort(error),
  })
  memory.lostAt = null
  status.connected(missing)
  logger.info({ host: connection.host, queue: queue.name, missing }, 'bus connected')
  try {
    await watchExchanges(connection, bindings, broken.signal, session)
    broken.signal.throwIfAborted()
    await finish(consumer, connection, options.goodbyeMs ?? GOODBYE_MS)
  } catch (error) {
    await consumer.abandon()
    await reportLoss(broken.signal.aborted ? broken.signal.reason : error, session)
    throw error
  }
}

/** Longer than a batch ever takes, shorter than the time an init system gives a process to end. */
const GOODBYE_MS = 10_000

/** A broker that does not answer any more does not keep us: what it had of us it will bring again. */
async function finish(consumer: Consumer, { destroy }: Connection, mostMs: number): Promise<void> {
  const timer = setTimeout(destroy, mostMs)
  try {
    await consumer.finish()
  } finally {
    clearTimeout(timer)
  }
}

type Bindings = Map<string, Binding['state']>

async function bindAll({ model, host }: Connection, session: Session): Promise<Bindings> {
  const { options, memory } = session
  const { queue, exchanges, logger } = options
  const declared = await declareQueue(model, queue, logger)
  const found = await Promise.all(
    exchanges.map(async exchange => {
      const remembered = memory.durable.get(exchange) ?? null
      return { exchange, binding: await bindExchange(model, queue.name, exchange, remembered) }
    }),
  )
  const gap = gapUntilNow(memory)
  await report({ type: 'busConnected', host }, memory.lostAt === null ? null : gap, session)
  if (declared) await report({ type: 'queueDeclared', queue: queue.name }, gap, session)
  for (const { exchange, binding } of found) await remember(exchange, binding, gap, session)
  return new Map(found.map(({ exchange, binding }) => [exchange, binding.state]))
}

function gapUntilNow({ lostAt, hasRunBefore }: Memory): Gap | null {
  return lostAt !== null || hasRunBefore ? { from: lostAt, to: now() } : null
}

/** Keep how an exchange is declared, and tell it if that is news. */
async function remember(
  exchange: string,
  { state, durable, redeclared }: Binding,
  gap: Gap | null,
  session: Session,
): Promise<void> {
  const { memory, options } = session
  if (state === 'refused') {
    options.logger.warn({ exchange }, 'the broker does not let us read from this exchange')
  }
  if (redeclared) await report({ type: 'exchangeRedeclared', exchange }, gap, session)
  if (durable === null || durable === memory.durable.get(exchange)) return
  memory.durable.set(exchange, durable)
  const type = durable ? 'exchangeDurable' : 'exchangeTransient'
  await report({ type, exchange }, gap, session)
}

const RECHECK_MS = 10_000

/**
 * Look after the exchanges from time to time: one that was missing may have come, and one that was
 * deleted and made anew has lost our binding without a word. Resolves when it is all over.
 */
async function watchExchanges(
  { model }: Connection,
  bindings: Bindings,
  broken: AbortSignal,
  session: Session,
): Promise<void> {
  const { options, status, itWorks } = session
  const over = AbortSignal.any([options.signal, broken])
  let checkedAt = now()
  const pause = () => sleep(options.recheckMs ?? RECHECK_MS, true, { signal: over })
  while (await pause().catch(() => false)) {
    const gap = { from: checkedAt, to: now() }
    checkedAt = gap.to
    for (const [exchange, state] of bindings) {
      const next =
        state === 'bound'
          ? await lookAgain(model, exchange, session)
          : await lookFor(model, exchange, gap, session)
      bindings.set(exchange, next)
    }
    status.connected(namesOfMissing(bindings))
    itWorks()
  }
}

async function lookFor(
  model: Connection['model'],
  exchange: string,
  gap: Gap,
  session: Session,
): Promise<Binding['state']> {
  const { options } = session
  const binding = await bindExchange(model, options.queue.name, exchange, null)
  if (binding.state !== 'bound') return binding.state
  options.logger.info({ exchange }, 'the exchange has come, and is bound')
  await remember(exchange, binding, gap, session)
  return binding.state
}

/**
 * An exchange that goes while the broker stays was taken away by somebody, perhaps to make it anew
 * with other attributes: so it is forgotten, and not declared again as it was.
 */
async function lookAgain(
  model: Connection['model'],
  exchange: string,
  { options, memory }: Session,
): Promise<Binding['state']> {
  const state = await rebindExchange(model, options.queue.name, exchange)
  if (state === 'bound') return state
  options.logger.warn({ exchange, state }, 'the exchange is gone: it is looked for again')
  memory.durable.delete(exchange)
  return state
}

function namesOfMissing(bindings: Bindings): string[] {
  return [...bindings].filter(([, state]) => state !== 'bound').map(([exchange]) => exchange)
}

async function report(fact: Fact, gap: Gap | null, { options }: Session): Promise<void> {
  await options.onFact(factEvent(options, fact, now(), gap))
}

/** A log that cannot take the loss cannot have taken the messages either: the first is the error to tell. */
async function reportLoss(error: unknown, session: Session): Promise<void> {
  const { memory, options } = session
  memory.lostAt = now()
  try {
    await report({ type: 'busLost', reason: messageOf(error) }, null, session)
  } catch (cause) {
    options.logger.error({ error: messageOf(cause) }, 'the loss of the bus could not be recorded')
  }
}
