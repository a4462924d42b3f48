import { setTimeout as sleep } from 'node:timers/promises'
import type { ChannelModel, ConsumeMessage } from 'amqplib'
import { findQueue } from './topology.js'

/** A message as it is read from a stream. */
export interface ReadRecord {
  readonly offset: number
  readonly content: Buffer
  readonly headers: Readonly<Record<string, unknown>>
}

/** As many as the broker sends at once in any case, so it never waits for us. */
export const STREAM_PREFETCH = 1000
/** How long a message at an offset may take to arrive. */
const ANSWER_MS = 2000
/**
 * How long the first or the last message may take. An empty stream sends none, and no request tells whether it is empty:
 * RabbitMQ counts the messages of a stream only every five seconds, and until then says 0.
 */
const EMPTY_MS = 6000

/**
 * Read the first or the last messages of a stream, or those from an offset on: as many as the broker sends at once.
 *
 * @throws Error if the broker sends none for six seconds, although it counts some. Then it is slow, and the stream not empty
 */
export async function peekStream(
  model: ChannelModel,
  name: string,
  from: 'first' | 'last' | number,
): Promise<readonly ReadRecord[]> {
  const channel = await model.createChannel()
  channel.on('error', () => {}) // `consume` rejects with the same error
  await channel.prefetch(STREAM_PREFETCH)
  const records: ReadRecord[] = []
  let arrived = () => {}
  const first = new Promise<void>(resolve => {
    arrived = resolve
  })
  const onMessage = (message: ConsumeMessage | null) => {
    if (message) records.push(toReadRecord(message))
    arrived()
  }
  const { consumerTag } = await channel.consume(name, onMessage, {
    arguments: { 'x-stream-offset': from },
  })
  const waitMs = typeof from === 'number' ? ANSWER_MS : EMPTY_MS
  const waited = new AbortController()
  const timeout = sleep(waitMs, undefined, { signal: waited.signal }).catch(() => {})
  await Promise.race([first, timeout])
  waited.abort()
  await channel.cancel(consumerTag) // what the broker had sent with the first one has arrived then
  await channel.close()
  if (records.length === 0 && typeof from !== 'number') {
    const messages = (await findQueue(model, name))?.messages ?? 0
    if (messages > 0) {
      throw new Error(
        `the broker sent none of the ${messages} messages of the stream ${name} within ${waitMs / 1000} s`,
      )
    }
  }
  return records
}

export function toReadRecord(message: ConsumeMessage): ReadRecord {
  const { content, properties } = message
  return { offset: offsetOf(message), content, headers: properties.headers ?? {} }
}

function offsetOf({ properties }: ConsumeMessage): number {
  return Number(properties.headers?.['x-stream-offset'])
}
