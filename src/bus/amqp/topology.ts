import type { ChannelModel } from 'amqplib'
import type { Logger } from 'pino'
import type { QueueOptions } from '../bus.js'
import { askBroker, NOT_FOUND, PRECONDITION_FAILED, type Refusal } from './ask-broker.js'

/** The routing keys of oslo.messaging's notifications: `notifications.info`, `.error`, … */
const NOTIFICATIONS = 'notifications.#'

/** The binding of our queue to one exchange. */
export interface Binding {
  /** `missing`: the exchange does not exist. `refused`: we may not read from it. */
  readonly state: 'bound' | 'missing' | 'refused'
  /** Whether the exchange is declared durable; null if that is unknown. */
  readonly durable: boolean | null
  /** Whether we declared it again, because it did not exist any more. */
  readonly redeclared: boolean
}

/**
 * Bind our queue to an exchange. The exchange belongs to a service of the cloud, so we never guess how to
 * declare it: with a wrong durability the service could not declare it, and could not publish.
 *
 * @param remembered whether it was durable at the last check. A transient exchange does not survive a
 *   restart of the broker: then it is declared again like that. With null it stays missing
 */
export async function bindExchange(
  model: ChannelModel,
  queue: string,
  exchange: string,
  remembered: boolean | null,
): Promise<Binding> {
  const there = await askBroker(model, channel => channel.checkExchange(exchange))
  if (!there.ok && (there.code !== NOT_FOUND || remembered === null)) return unbound(there, null)

  const durable = await declareLike(model, exchange, remembered ?? false)
  const bound = await askBroker(model, channel => channel.bindQueue(queue, exchange, NOTIFICATIONS))
  if (!bound.ok) return unbound(bound, durable)
  return { state: 'bound', durable, redeclared: !there.ok }
}

/** Bind it again, because it may have been deleted and declared again. Does not declare anything. */
export async function rebindExchange(
  model: ChannelModel,
  queue: string,
  exchange: string,
): Promise<Binding['state']> {
  const bound = await askBroker(model, channel => channel.bindQueue(queue, exchange, NOTIFICATIONS))
  return bound.ok ? 'bound' : unbound(bound, null).state
}

function unbound(refusal: Refusal, durable: boolean | null): Binding {
  const state = refusal.code === NOT_FOUND ? 'missing' : 'refused'
  return { state, durable, redeclared: false }
}

/**
 * Declare an exchange to learn how it is declared. If the declaration differs from the existing exchange,
 * RabbitMQ changes nothing, and its error names the difference. Only for an exchange that exists, or that
 * was declared like this.
 *
 * @returns null if it differs from what oslo.messaging declares, or if we may not declare it
 */
async function declareLike(
  model: ChannelModel,
  exchange: string,
  durable: boolean,
): Promise<boolean | null> {
  const declare = (durable: boolean) =>
    askBroker(model, channel => channel.assertExchange(exchange, 'topic', { durable }))
  const first = await declare(durable)
  if (first.ok) return durable
  const current = /inequivalent arg 'durable'.*current is '(true|false)'/.exec(first.message)?.[1]
  if (current === undefined) return null
  const second = await declare(current === 'true')
  return second.ok ? current === 'true' : null
}

/**
 * Make sure that our queue exists. It is durable: it survives restarts of the broker and of Mixmatch.
 *
 * @returns whether it was created now. Then earlier notifications may be lost
 */
export async function declareQueue(
  model: ChannelModel,
  { name, maxBytes, expiresSeconds, shared = false }: QueueOptions,
  logger: Logger,
): Promise<boolean> {
  const there = await askBroker(model, channel => channel.checkQueue(name))
  if (!there.ok && there.code !== NOT_FOUND) throw new Error(there.message)
  if (there.ok && there.value.consumerCount > 0 && !shared) {
    logger.warn(
      { queue: name },
      'another consumer reads from this queue: if that is another Mixmatch, each records only a ' +
        'part. Give each a queue_name of its own.',
    )
  }
  const declared = await askBroker(model, channel =>
    channel.assertQueue(name, {
      durable: true,
      ...(expiresSeconds > 0 && { expires: expiresSeconds * 1000 }),
      arguments: {
        ...(maxBytes > 0 && { 'x-max-length-bytes': maxBytes }),
        ...(shared && SHARED),
      },
    }),
  )
  if (declared.ok) return !there.ok
  if (!there.ok || declared.code !== PRECONDITION_FAILED) throw new Error(declared.message)
  logger.warn(
    { queue: name, broker: declared.message },
    'the queue has other limits than those configured, and keeps them until it is deleted',
  )
  return false
}

/** The number of messages that wait in a queue; null if it is gone. */
export async function countWaiting(model: ChannelModel, name: string): Promise<number | null> {
  const there = await askBroker(model, channel => channel.checkQueue(name))
  return there.ok ? there.value.messageCount : null
}

/**
 * A replicated queue with one active consumer. RabbitMQ 4 drops a message that was delivered twenty times, and killed
 * nodes can cause so many deliveries; 0 would not mean "never".
 */
const SHARED = {
  'x-queue-type': 'quorum',
  'x-single-active-consumer': true,
  'x-delivery-limit': 1_000_000,
}

/** On how many nodes of its cluster a new stream is. */
const STREAM_REPLICAS = 3

/**
 * Make sure that a stream exists. Only a node that declares it needs the permission to configure it.
 *
 * @throws Error if the broker rejects it, or the name is that of a queue of another type
 */
export async function declareStream(model: ChannelModel, name: string): Promise<void> {
  const there = await askBroker(model, channel => channel.checkQueue(name))
  if (there.ok) return
  if (there.code !== NOT_FOUND) throw new Error(there.message)
  const declared = await askBroker(model, channel =>
    channel.assertQueue(name, {
      durable: true,
      arguments: { 'x-queue-type': 'stream', 'x-initial-cluster-size': STREAM_REPLICAS },
    }),
  )
  if (!declared.ok) throw new Error(declared.message)
}

/**
 * Make sure that a stream exists which a log has followed already. It is not declared: a broker that was replaced and did
 * not join its cluster would begin another stream of the same name.
 *
 * @throws Error if it does not exist at this broker
 */
export async function requireStream(model: ChannelModel, name: string): Promise<void> {
  if ((await findQueue(model, name)) !== null) return
  throw new Error(
    `the stream ${name} does not exist here, although the log has followed it: is this broker outside of its cluster?`,
  )
}

/** The state of our queue and of the exchanges. */
export interface Topology {
  /** null if it does not exist. */
  readonly queue: { readonly messages: number; readonly consumers: number } | null
  /** Those that exist. */
  readonly exchanges: readonly string[]
}

/** Inspect queue and exchanges without any change. @throws Error if the broker rejects the request */
export async function inspectTopology(
  model: ChannelModel,
  queue: string,
  exchanges: readonly string[],
): Promise<Topology> {
  const there = await findQueue(model, queue)
  const found: string[] = []
  for (const exchange of exchanges) {
    const { ok } = await askBroker(model, channel => channel.checkExchange(exchange))
    if (ok) found.push(exchange)
  }
  return { queue: there, exchanges: found }
}

/** @returns null if there is no such queue. @throws Error if the broker rejects the request */
export async function findQueue(model: ChannelModel, queue: string): Promise<Topology['queue']> {
  const there = await askBroker(model, channel => channel.checkQueue(queue))
  if (there.ok) {
    return { messages: there.value.messageCount, consumers: there.value.consumerCount }
  }
  if (there.code !== NOT_FOUND) throw new Error(there.message)
  return null
}

/** @throws Error if the broker rejects the request */
export async function unbindQueue(
  model: ChannelModel,
  queue: string,
  exchange: string,
): Promise<void> {
  const unbound = await askBroker(model, channel =>
    channel.unbindQueue(queue, exchange, NOTIFICATIONS),
  )
  if (!unbound.ok) throw new Error(unbound.message)
}

/**
 * Delete a queue if it is empty and nobody consumes it.
 *
 * @param isReplicated whether it is a quorum queue. RabbitMQ cannot check and delete that in one step, and closes the
 *   connection of a client that asks for it
 * @returns whether it is deleted
 */
export async function deleteUnusedQueue(
  model: ChannelModel,
  queue: string,
  isReplicated: boolean,
): Promise<boolean> {
  const found = await findQueue(model, queue)
  if (!found || found.messages > 0 || found.consumers > 0) return false
  const conditions = isReplicated ? {} : { ifUnused: true, ifEmpty: true }
  const deleted = await askBroker(model, channel => channel.deleteQueue(queue, conditions))
  return deleted.ok
}
