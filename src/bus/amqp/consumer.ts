import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import type { SpName } from '../../ids.js'
import { type BatchOptions, createBatcher, DEFAULT_BATCH } from '../batches.js'
import type { Delivery, OnDeliveries } from '../delivery.js'

/**
 * The number of unacknowledged messages that the broker may send: a batch that is recorded, one that is read meanwhile, and
 * the one that arrives. With fewer, broker and recorder take turns. More would only cost memory, if each message
 * has the largest size (RabbitMQ: 16 MiB).
 */
const PREFETCH = (DEFAULT_BATCH.atOnce + 1) * DEFAULT_BATCH.maxItems

/** A consumer of our queue. */
export interface Consumer {
  /** Accept no more messages; deliver and acknowledge the received ones. @throws what `onDeliveries` threw */
  drain(): Promise<void>
  /** Drop the messages that were not delivered. The broker redelivers them. */
  abandon(): Promise<void>
}

export interface ConsumerParts {
  readonly queue: string
  readonly serviceProvider: SpName
  readonly batch: BatchOptions
  readonly onDeliveries: OnDeliveries
  /** Called when this number of messages was delivered and acknowledged. */
  readonly onAcknowledged: (count: number) => void
  /** Called when it has ended, with the reason: `onDeliveries` threw, or the channel or the queue is closed. */
  readonly onBroken: (error: unknown) => void
}

/** Consume a queue in batches. A batch is acknowledged as a whole, only after `onDeliveries` has returned. */
export async function startConsumer(model: ChannelModel, parts: ConsumerParts): Promise<Consumer> {
  const { queue, serviceProvider, batch, onDeliveries, onAcknowledged, onBroken } = parts
  const channel = await model.createChannel()
  channel.on('error', onBroken)
  channel.on('close', () => onBroken(new Error('the channel was closed')))
  await channel.prefetch(PREFETCH)

  const deliverAndAcknowledge = async (
    messages: readonly ConsumeMessage[],
    previous: Promise<void>,
  ) => {
    await onDeliveries(
      messages.map(message => toDelivery(message, serviceProvider)),
      previous,
    )
    await previous // it also acknowledges those before
    acknowledgeUpTo(channel, messages.at(-1))
    onAcknowledged(messages.length)
  }
  const sizeOf = ({ content }: ConsumeMessage) => content.length
  const batcher = createBatcher(batch, sizeOf, deliverAndAcknowledge, onBroken)
  const { consumerTag } = await channel.consume(queue, message => {
    if (message) batcher.add(message)
    else onBroken(new Error(`the queue ${queue} was deleted`)) // basic.cancel
  })
  return {
    async drain() {
      await channel.cancel(consumerTag)
      await batcher.drain()
      await channel.close() // when the broker confirms the close, it has received our last acknowledgement
    },
    abandon: () => batcher.discard(),
  }
}

function acknowledgeUpTo(channel: Channel, last: ConsumeMessage | undefined): void {
  if (last) channel.ack(last, true)
}

function toDelivery(message: ConsumeMessage, serviceProvider: SpName): Delivery {
  const { exchange, routingKey, redelivered } = message.fields
  const compression: unknown = message.properties.headers?.['compression']
  return {
    serviceProvider,
    exchange,
    routingKey,
    compression: typeof compression === 'string' ? compression : null,
    redelivered,
    body: message.content,
  }
}
