import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import type { SpName } from '../../ids.js'
import { type BatchOptions, createBatches } from '../batches.js'
import type { Delivery, OnDeliveries } from '../delivery.js'

/**
 * Messages that the broker may send ahead of our acknowledgement: enough that it never waits for us,
 * and few enough to be held in memory when each is as large as a cloud likes (RabbitMQ: 16 MiB).
 */
const PREFETCH = 200

/** Who consumes from our queue. */
export interface Consumer {
  /** Take no more; what is here already is handed on and acknowledged. @throws what `onDeliveries` threw */
  finish(): Promise<void>
  /** Forget what was not handed on: the broker will bring it again. */
  abandon(): Promise<void>
}

interface ConsumerParts {
  readonly queue: string
  readonly serviceProvider: SpName
  readonly batch: BatchOptions
  readonly onDeliveries: OnDeliveries
  /** A batch of so many was handed on and acknowledged. */
  readonly onTaken: (count: number) => void
  /** It consumes no more, and why: `onDeliveries` threw, the channel or the queue is gone. */
  readonly onBroken: (error: unknown) => void
}

/** Consume a queue in batches, each acknowledged as a whole once it was taken, and never before. */
export async function consume(model: ChannelModel, parts: ConsumerParts): Promise<Consumer> {
  const { queue, serviceProvider, batch, onDeliveries, onTaken, onBroken } = parts
  const channel = await model.createChannel()
  channel.on('error', onBroken)
  channel.on('close', () => onBroken(new Error('the channel was closed')))
  await channel.prefetch(PREFETCH)

  const takeAndAck = async (messages: readonly ConsumeMessage[]) => {
    await onDeliveries(messages.map(message => deliveryOf(message, serviceProvider)))
    ackUpTo(channel, messages.at(-1))
    onTaken(messages.length)
  }
  const batches = createBatches(batch, ({ content }) => content.length, takeAndAck, onBroken)
  const { consumerTag } = await channel.consume(queue, message => {
    if (message) batches.add(message)
    else onBroken(new Error(`the queue ${queue} was deleted`)) // basic.cancel
  })
  return {
    async finish() {
      await channel.cancel(consumerTag)
      await batches.drain()
      await channel.close() // once the broker answers that, it has read our last ack as well
    },
    abandon: () => batches.discard(),
  }
}

function ackUpTo(channel: Channel, last: ConsumeMessage | undefined): void {
  if (last) channel.ack(last, true)
}

function deliveryOf(message: ConsumeMessage, serviceProvider: SpName): Delivery {
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
