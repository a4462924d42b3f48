import { setTimeout as sleep } from 'node:timers/promises'
import type { ChannelModel } from 'amqplib'
import type { Logger } from 'pino'
import { messageOf } from '../bus-status.js'
import { type ConsumerParts, startConsumer } from './consumer.js'
import { deleteUnusedQueue, findQueue, unbindQueue } from './topology.js'

const LOOK_MS = 200

/**
 * Empty an earlier queue of ours, and delete it. The queue that we consume now is bound already, so notifications that
 * come into both are recorded once. It stays if it has another consumer, which is another node or another Mixmatch.
 * If something fails, the next connection tries again.
 *
 * @param exchanges those from which notifications come into our queue now
 */
export async function emptyEarlierQueue(
  model: ChannelModel,
  exchanges: readonly string[],
  parts: Omit<ConsumerParts, 'onBroken'> & {
    /** Whether it is the queue of a fleet. */
    readonly isReplicated: boolean
    readonly signal: AbortSignal
    readonly logger: Logger
  },
): Promise<void> {
  const { queue, isReplicated, signal, logger } = parts
  try {
    const found = await findQueue(model, queue)
    if (!found) return
    if (found.consumers > 0) {
      logger.warn(
        { queue },
        'the earlier queue is kept, because another consumer reads it: stop the Mixmatch that does',
      )
      return
    }
    logger.info({ queue, messages: found.messages }, 'emptying the earlier queue')
    for (const exchange of exchanges) await unbindQueue(model, queue, exchange)
    await consumeUntilEmpty(model, parts)
    const isDeleted = !signal.aborted && (await deleteUnusedQueue(model, queue, isReplicated))
    logger.info({ queue, deleted: isDeleted }, 'the earlier queue is empty')
  } catch (error) {
    logger.warn(
      { queue, error: messageOf(error) },
      'cannot empty the earlier queue, retrying on the next connection',
    )
  }
}

async function consumeUntilEmpty(
  model: ChannelModel,
  parts: Omit<ConsumerParts, 'onBroken'> & { readonly signal: AbortSignal },
): Promise<void> {
  const { queue, signal } = parts
  let failure: unknown
  const onBroken = (error: unknown) => {
    failure ??= error
  }
  const consumer = await startConsumer(model, { ...parts, onBroken })
  try {
    do {
      await sleep(LOOK_MS)
      if (failure !== undefined) throw failure
    } while (!signal.aborted && ((await findQueue(model, queue))?.messages ?? 0) > 0)
    await consumer.drain()
  } catch (error) {
    await consumer.abandon()
    throw error
  }
}
