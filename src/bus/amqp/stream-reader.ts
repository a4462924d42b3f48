import { setTimeout as sleep } from 'node:timers/promises'
import type { ChannelModel, ConsumeMessage } from 'amqplib'
import type { Logger } from 'pino'
import { createBatcher } from '../batches.js'
import { createStatusTracker } from '../bus-status.js'
import { retryForever } from '../retry.js'
import type { StreamUrl } from '../stream-url.js'
import { useCluster } from './cluster-session.js'
import { peekStream, type ReadRecord, STREAM_PREFETCH, toReadRecord } from './stream-peek.js'
import { STREAM_BACKOFF, type StreamOptions, streamConnection } from './stream-writer.js'
import { declareStream, requireStream } from './topology.js'

/** Reads a stream, and reads on when a connection has broken. */
interface StreamReader {
  status(): {
    readonly isConnected: boolean
    /** Why it does not read, without credentials; null if it does. */
    readonly problem: string | null
    /** The error behind `problem`. */
    readonly error: unknown
    /** `h1:5672` */
    readonly host: string | null
    /** The offset of the last message of the stream when it was last read; null if unknown. */
    readonly endOffset: number | null
  }
  /** Resolves after the signal. Never rejects. */
  readonly stopped: Promise<void>
}

interface ReaderOptions extends StreamOptions {
  /** The offset to read from, on each connection. If it throws, the next connection is tried later. */
  readonly start: () => number | 'first'
  /** Takes messages in the order of the stream. If it throws, the connection is replaced, and `start` called again. */
  readonly onRecords: (batch: readonly ReadRecord[]) => Promise<void>
  /** Called on each connection, and then every second, with the last offset; null if the stream is empty. */
  readonly onEnd: (endOffset: number | null) => void
  readonly signal: AbortSignal
}

/** A large batch while a node reads what it has missed; a single message is taken at once. */
const BATCH = { maxItems: 1000, pauseMs: 1 }
const LOOK_MS = 1000
/** How long the broker may take to send the first message that is certainly there. */
const FIRST_MESSAGE_MS = 10_000

export function readStream(url: StreamUrl, options: ReaderOptions): StreamReader {
  const { start, onRecords, onEnd, logger, signal, backoff = STREAM_BACKOFF } = options
  const status = createStatusTracker()
  const first = { index: 0 }
  let host: string | null = null
  let endOffset: number | null = null
  let error: unknown = null

  async function run(onHealthy: () => void): Promise<void> {
    const from = start()
    const connect = streamConnection(`reader of ${url.name}`)
    await useCluster(url, { first, connect, logger, signal }, async (connection, broken) => {
      const { model } = connection
      if (from === 'first') await declareStream(model, url.name)
      else await requireStream(model, url.name)
      const channel = await model.createChannel()
      channel.on('error', cause => broken.abort(cause))
      channel.on('close', () => broken.abort(new Error('the channel was closed')))
      await channel.prefetch(STREAM_PREFETCH)
      let hasRead = false
      const take = async (batch: readonly ConsumeMessage[]) => {
        await onRecords(batch.map(toReadRecord))
        const last = batch.at(-1)
        if (last) channel.ack(last, true)
        hasRead = true
        onHealthy()
      }
      const batcher = createBatcher(BATCH, sizeOf, take, cause => broken.abort(cause))
      const onMessage = (message: ConsumeMessage | null) => {
        if (message) batcher.add(message)
        else broken.abort(new Error(`the stream ${url.name} was deleted`))
      }
      await channel.consume(url.name, onMessage, { arguments: { 'x-stream-offset': from } })
      host = connection.host
      error = null
      status.connected([])
      logger.info({ host, offset: from }, 'reading the stream')
      const began = performance.now()
      const over = AbortSignal.any([broken.signal, signal])
      try {
        while (!signal.aborted) {
          endOffset = await withinTimeout(findEnd(model, url.name), over)
          onEnd(endOffset)
          if (from !== 'first' && !hasRead && performance.now() - began > FIRST_MESSAGE_MS) {
            throw new Error(
              `nothing came at offset ${from}, where the log ends: the stream ${url.name} was deleted and begun again?`,
            )
          }
          await sleep(LOOK_MS, undefined, { signal: over }).catch(() => {})
          if (!signal.aborted) broken.signal.throwIfAborted()
        }
      } finally {
        await batcher.discard() // what was not taken is read again
      }
    })
  }

  const runAndRemember = (onHealthy: () => void) =>
    run(onHealthy).catch(cause => {
      error = cause
      host = null
      throw cause
    })
  return {
    status() {
      const { state, lastError } = status.value()
      const isConnected = state === 'connected'
      const problem = isConnected ? null : (lastError ?? state)
      return { isConnected, problem, error, host, endOffset }
    },
    stopped: retryForever(runAndRemember, { backoff, status, logger, signal }),
  }
}

/** A connection to a broker that hangs is closed earlier than the heartbeat would close it. */
const HANGS_MS = 8_000

async function withinTimeout<Result>(answer: Promise<Result>, over: AbortSignal): Promise<Result> {
  const answered = new AbortController()
  const signal = AbortSignal.any([answered.signal, over])
  const timeout = sleep(HANGS_MS, undefined, { signal }).then(() => {
    throw new Error(`the broker has not answered for ${HANGS_MS / 1000} s`)
  })
  try {
    return await Promise.race([answer, timeout])
  } finally {
    answer.catch(() => {}) // it rejects when the connection is closed
    timeout.catch(() => {})
    answered.abort()
  }
}

/** The offset of the last message of a stream; null if it is empty. AMQP has no other way to ask for it. */
async function findEnd(model: ChannelModel, name: string): Promise<number | null> {
  const records = await peekStream(model, name, 'last')
  return records.length === 0 ? null : Math.max(...records.map(({ offset }) => offset))
}

/**
 * Read the first message of a stream, which is declared if it does not exist.
 *
 * @returns null if it is empty
 * @throws Error if no broker accepts us
 */
export async function readFirstRecord(
  url: StreamUrl,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<ReadRecord | null> {
  const connect = streamConnection(`reader of ${url.name}`)
  const first = { index: 0 }
  let found: ReadRecord | null = null
  await useCluster(url, { first, connect, logger, signal }, async ({ model }) => {
    await declareStream(model, url.name)
    const [record] = await peekStream(model, url.name, 'first')
    found = record ?? null
  })
  return found
}

function sizeOf({ content }: ConsumeMessage): number {
  return content.length
}
