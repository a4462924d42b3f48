import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfirmChannel } from 'amqplib'
import type { Logger } from 'pino'
import type { BackoffOptions } from '../../backoff.js'
import { now } from '../../event/time.js'
import type { Micros } from '../../ids.js'
import { untilAborted } from '../../until-aborted.js'
import { createStatusTracker } from '../bus-status.js'
import { retryForever } from '../retry.js'
import type { StreamUrl } from '../stream-url.js'
import { useCluster } from './cluster-session.js'
import { type KnownRecord, requireKnownStream } from './known-stream.js'

/** A message as it is published to a stream. */
export interface StreamRecord {
  readonly content: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** Publishes to a stream. */
export interface StreamWriter {
  /**
   * Publish messages, in order. Resolves when the broker has confirmed all: then a majority of its nodes has them. If
   * the connection breaks before that, they are published again, so they may be in the stream twice.
   *
   * @throws Error if the writer is closed before; then it is unknown whether they are in the stream
   */
  publish(records: readonly StreamRecord[]): Promise<void>
  status(): {
    /** Why it is not connected, without credentials; null if it is. */
    readonly problem: string | null
    readonly unconfirmed: number
    readonly lastConfirmAt: Micros | null
  }
  /** Give messages in progress a moment to be confirmed, and close the connection. */
  close(): Promise<void>
}

export interface StreamOptions {
  readonly logger: Logger
  readonly backoff?: BackoffOptions
  /** A connection that confirms nothing for this time is replaced. 10,000 by default. */
  readonly confirmTimeoutMs?: number
}

export const STREAM_BACKOFF: BackoffOptions = { firstMs: 200, capMs: 5_000 }
/** Shorter than for the buses of the clouds: a broker that hangs must not hold up the fleet. */
const HEARTBEAT_SECONDS = 10
const CONNECT_TIMEOUT_MS = 5_000
const CONFIRM_TIMEOUT_MS = 10_000
const CLOSE_TIMEOUT_MS = 5_000

/** What both directions need to connect. */
export function streamConnection(name: string) {
  return {
    heartbeatSeconds: HEARTBEAT_SECONDS,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    tls: { caFile: null, insecure: false },
    name: `mixmatch ${name}`,
  }
}

interface Publication {
  readonly records: readonly StreamRecord[]
  /** The number of records that this connection has not confirmed. */
  unconfirmed: number
  /** When it was published on this connection, by `performance.now()`. */
  publishedAt: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** @param options.known what the log has of the stream now; by default nothing, and then the stream is declared */
export function openStreamWriter(
  url: StreamUrl,
  options: StreamOptions & { readonly known?: () => KnownRecord | null },
): StreamWriter {
  const { known = () => null } = options
  const { logger, backoff = STREAM_BACKOFF, confirmTimeoutMs = CONFIRM_TIMEOUT_MS } = options
  const closing = new AbortController()
  const { signal } = closing
  const status = createStatusTracker()
  const waiting = new Set<Publication>()
  const first = { index: 0 }
  let lastConfirmAt: Micros | null = null
  let send = (_publication: Publication) => {}

  async function run(onHealthy: () => void): Promise<void> {
    const connect = streamConnection(`publisher of ${url.name}`)
    await useCluster(url, { first, connect, logger, signal }, async ({ model, host }, broken) => {
      await requireKnownStream(model, url.name, known())
      const channel = await model.createConfirmChannel()
      channel.on('error', error => broken.abort(error))
      // Without this, a broker confirms a message for a stream that was deleted, and drops it.
      channel.on('return', () => broken.abort(new Error(`the stream ${url.name} was deleted`)))
      send = publication => publishOn(channel, publication, broken)
      status.connected([])
      logger.info({ host }, 'publishing to the stream')
      for (const publication of waiting) send(publication)
      using _watch = watchConfirmations(broken)
      await untilAborted(AbortSignal.any([broken.signal, signal]))
      if (!signal.aborted) broken.signal.throwIfAborted()
    }).finally(() => {
      send = () => {}
    })

    function publishOn(
      channel: ConfirmChannel,
      publication: Publication,
      broken: AbortController,
    ): void {
      publication.unconfirmed = publication.records.length
      publication.publishedAt = performance.now()
      const onConfirm = (error: unknown) => {
        if (broken.signal.aborted) return
        if (error) {
          broken.abort(error)
          return
        }
        publication.unconfirmed -= 1
        if (publication.unconfirmed > 0) return
        waiting.delete(publication)
        lastConfirmAt = now()
        onHealthy()
        publication.resolve()
      }
      for (const { content, headers } of publication.records) {
        channel.publish(
          '',
          url.name,
          content,
          { persistent: true, mandatory: true, headers },
          onConfirm,
        )
      }
    }
  }

  /** A broker that is cut off from its majority accepts messages, but confirms nothing. */
  function watchConfirmations(broken: AbortController): Disposable {
    const timer = setInterval(() => {
      const [oldest] = waiting
      if (!oldest || performance.now() - oldest.publishedAt < confirmTimeoutMs) return
      broken.abort(new Error(`the stream has confirmed nothing for ${confirmTimeoutMs / 1000} s`))
    }, confirmTimeoutMs / 10)
    return { [Symbol.dispose]: () => clearInterval(timer) }
  }

  const stopped = retryForever(run, { backoff, status, logger, signal })

  return {
    publish(records) {
      if (records.length === 0) return Promise.resolve()
      if (signal.aborted) return Promise.reject(closed(url))
      return new Promise((resolve, reject) => {
        const publication = {
          records,
          unconfirmed: records.length,
          publishedAt: 0,
          resolve,
          reject,
        }
        waiting.add(publication)
        send(publication)
      })
    },
    status() {
      const { state, lastError } = status.value()
      const unconfirmed = [...waiting].reduce((sum, each) => sum + each.unconfirmed, 0)
      return {
        problem: state === 'connected' ? null : (lastError ?? state),
        unconfirmed,
        lastConfirmAt,
      }
    },
    async close() {
      const deadline = performance.now() + CLOSE_TIMEOUT_MS
      while (waiting.size > 0 && performance.now() < deadline) await sleep(20)
      closing.abort()
      for (const { reject } of waiting) reject(closed(url))
      waiting.clear()
      await stopped
    },
  }
}

function closed({ name }: StreamUrl): Error {
  return new Error(`the stream ${name} has not confirmed the messages before the end`)
}
