import type { ChannelModel } from 'amqplib'
import { peekStream, type ReadRecord } from './stream-peek.js'
import { declareStream, requireStream } from './topology.js'

/** The last message of a stream that a log has. */
export interface KnownRecord {
  readonly offset: number
  isSame(record: ReadRecord): boolean
}

/**
 * Make sure that a broker has the stream that we know, before anything is published there. A broker that was replaced
 * and did not join its cluster may have another stream of the same name, and would confirm what no other node gets.
 *
 * @param known null if the log has followed nothing yet. Only then the stream is declared
 * @throws Error if it is not that stream
 */
export async function requireKnownStream(
  model: ChannelModel,
  name: string,
  known: KnownRecord | null,
): Promise<void> {
  if (known === null) return declareStream(model, name)
  await requireStream(model, name)
  const [record] = await peekStream(model, name, known.offset)
  if (record === undefined || !known.isSame(record)) {
    throw new Error(
      `the stream ${name} has another message at offset ${known.offset} here, or none: is this broker outside of its cluster?`,
    )
  }
}
