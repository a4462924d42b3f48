import { setTimeout as sleep } from 'node:timers/promises'
import type { ChannelModel, ConsumeMessage } from 'amqplib'

/** A message as it is read from a stream. */
export interface ReadRecord {
  readonly offset: number
  readonly content: Buffer
  readonly headers: Readonly<Record<string, unknown>>
}

/** As many as the broker sends at once in any case, so it never waits for us. */
export const STREAM_PREFETCH = 1000
/** How long the messages may take to arrive. An empty stream sends none. */
const ANSWER_MS = 2000

/** Read the first or the last messages of a stream, or those from an offset on: as many as the broker sends at once. */
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
  await Promise.race([first, sleep(ANSWER_MS)])
  await channel.cancel(consumerTag) // what the broker had sent with the first one has arrived then
  await channel.close()
  return records
}

export function toReadRecord(message: ConsumeMessage): ReadRecord {
  const { content, properties } = message
  return { offset: offsetOf(message), content, headers: properties.headers ?? {} }
}

function offsetOf({ properties }: ConsumeMessage): number {
  return Number(properties.headers?.['x-stream-offset'])
}
