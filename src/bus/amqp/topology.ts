import type { Channel, ChannelModel } from 'amqplib'
import type { Logger } from 'pino'
import type { QueueOptions } from '../bus.js'
import { messageOf } from '../bus-status.js'

/** What oslo.messaging publishes notifications under: `notifications.info`, `.error`, … */
const NOTIFICATIONS = 'notifications.#'

/** What became of a wish to be bound to an exchange. */
export interface Binding {
  /** `missing`: it does not exist. `refused`: we may not read from it. */
  readonly state: 'bound' | 'missing' | 'refused'
  /** How it is declared, where that could be learned. */
  readonly durable: boolean | null
  /** We declared it, because it was gone. */
  readonly redeclared: boolean
}

/**
 * Bind our queue to an exchange, which belongs to a service of the cloud and is never made by guess:
 * with another durability than the service's own, the service could not declare it, nor publish.
 *
 * @param remembered how it was declared when it was last seen. Where it is gone, as one that is not
 *   durable is after a restart of the broker, it is declared like that; null leaves it missing
 */
export async function bindExchange(
  model: ChannelModel,
  queue: string,
  exchange: string,
  remembered: boolean | null,
): Promise<Binding> {
  const there = await attempt(model, channel => channel.checkExchange(exchange))
  if (!there.ok && (there.code !== NOT_FOUND || remembered === null)) return unbound(there, null)

  const durable = await declareLike(model, exchange, remembered ?? false)
  const bound = await attempt(model, channel => channel.bindQueue(queue, exchange, NOTIFICATIONS))
  if (!bound.ok) return unbound(bound, durable)
  return { state: 'bound', durable, redeclared: !there.ok }
}

/** Bind it again, in case it was deleted and made anew meanwhile. Declares nothing. */
export async function rebindExchange(
  model: ChannelModel,
  queue: string,
  exchange: string,
): Promise<Binding['state']> {
  const bound = await attempt(model, channel => channel.bindQueue(queue, exchange, NOTIFICATIONS))
  return bound.ok ? 'bound' : unbound(bound, null).state
}

function unbound(refusal: Refusal, durable: boolean | null): Binding {
  const state = refusal.code === NOT_FOUND ? 'missing' : 'refused'
  return { state, durable, redeclared: false }
}

/**
 * Declare an exchange in order to learn how it is declared: where a declaration differs from what is
 * there, RabbitMQ changes nothing and its refusal names the difference. It must be known to exist,
 * or to have been like this.
 *
 * @returns null where it is unlike what oslo.messaging declares, or declaring is not ours to do
 */
async function declareLike(
  model: ChannelModel,
  exchange: string,
  durable: boolean,
): Promise<boolean | null> {
  const declare = (durable: boolean) =>
    attempt(model, channel => channel.assertExchange(exchange, 'topic', { durable }))
  const first = await declare(durable)
  if (first.ok) return durable
  const current = /inequivalent arg 'durable'.*current is '(true|false)'/.exec(first.message)?.[1]
  if (current === undefined) return null
  const second = await declare(current === 'true')
  return second.ok ? current === 'true' : null
}

/**
 * See to it that our queue is there: durable, so that it outlives the broker and us.
 *
 * @returns whether it had to be made, and so may have missed something
 */
export async function declareQueue(
  model: ChannelModel,
  { name, maxBytes, expiresSeconds }: QueueOptions,
  logger: Logger,
): Promise<boolean> {
  const there = await attempt(model, channel => channel.checkQueue(name))
  if (!there.ok && there.code !== NOT_FOUND) throw new Error(there.message)
  if (there.ok && there.value.consumerCount > 0) {
    logger.warn(
      { queue: name },
      'somebody else consumes from this queue: if that is another Mixmatch, each records only a ' +
        'part. Give each a queue_name of its own.',
    )
  }
  const declared = await attempt(model, channel =>
    channel.assertQueue(name, {
      durable: true,
      ...(expiresSeconds > 0 && { expires: expiresSeconds * 1000 }),
      arguments: maxBytes > 0 ? { 'x-max-length-bytes': maxBytes } : {},
    }),
  )
  if (declared.ok) return !there.ok
  if (!there.ok || declared.code !== PRECONDITION_FAILED) throw new Error(declared.message)
  logger.warn(
    { queue: name, broker: declared.message },
    'the queue has other limits than are configured, and keeps them until it is deleted',
  )
  return false
}

/** What there is of our queue and of the exchanges, seen without changing any of it. */
export interface Inspection {
  /** null where it does not exist. */
  readonly queue: { readonly messages: number; readonly consumers: number } | null
  /** Those that exist. */
  readonly exchanges: readonly string[]
}

/** @throws Error where the broker refuses to say it */
export async function inspect(
  model: ChannelModel,
  queue: string,
  exchanges: readonly string[],
): Promise<Inspection> {
  const there = await attempt(model, channel => channel.checkQueue(queue))
  if (!there.ok && there.code !== NOT_FOUND) throw new Error(there.message)
  const found: string[] = []
  for (const exchange of exchanges) {
    const { ok } = await attempt(model, channel => channel.checkExchange(exchange))
    if (ok) found.push(exchange)
  }
  return {
    queue: there.ok
      ? { messages: there.value.messageCount, consumers: there.value.consumerCount }
      : null,
    exchanges: found,
  }
}

const NOT_FOUND = 404
const PRECONDITION_FAILED = 406

type Attempt<Value> = { readonly ok: true; readonly value: Value } | Refusal

interface Refusal {
  readonly ok: false
  readonly code: number
  readonly message: string
}

/** Ask the broker on a channel of its own, because a refusal closes the channel. */
async function attempt<Value>(
  model: ChannelModel,
  ask: (channel: Channel) => Promise<Value>,
): Promise<Attempt<Value>> {
  const channel = await model.createChannel()
  channel.on('error', () => {}) // what was asked rejects with the same
  try {
    const value = await ask(channel)
    await channel.close()
    return { ok: true, value }
  } catch (error) {
    const code = codeOf(error)
    if (code === null) throw error
    return { ok: false, code, message: messageOf(error) }
  }
}

/** AMQP's reply code, where it is one of a channel (4xx). */
function codeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'number' && error.code >= 400 && error.code < 500 ? error.code : null
}
