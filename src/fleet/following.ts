import type { Logger } from 'pino'
import { readStream } from '../bus/amqp/stream-reader.js'
import type { StreamUrl } from '../bus/stream-url.js'
import { MixmatchError } from '../errors.js'
import type { EventLog } from '../log/event-log.js'
import type { FleetKey } from './fleet-key.js'
import type { FleetStatus } from './fleet-status.js'
import { createFollower, type Taken } from './follower.js'
import { createLag } from './lag.js'
import { eventBodyOf, toDelivery } from './stream-message.js'

/** A log that follows a stream. */
export interface Following {
  /** Resolves when the log has for the first time reached the end of the stream. */
  readonly joined: Promise<void>
  status(): Omit<FleetStatus, 'stream' | 'lastConfirmAt' | 'unconfirmed' | 'buses'>
  /** Resolves after the signal. */
  readonly stopped: Promise<void>
}

interface FollowingParts {
  readonly url: StreamUrl
  readonly key: FleetKey
  readonly log: EventLog
  /** Called when a batch is in the log. */
  readonly onTaken: (taken: Taken) => void
  /** Called while the stream is empty and the log as well: the first node begins it. */
  readonly onEmpty: () => void
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Fewer messages are compressed faster without a thread. */
const MANY = 64

export function followStream(parts: FollowingParts): Following {
  const { url, key, log, onTaken, onEmpty, logger, signal } = parts
  const follower = createFollower(log, { stream: url.name, key })
  const lag = createLag(() => performance.now())
  const counts = { duplicates: 0, forged: 0 }
  let hasJoined = false
  let join = () => {}
  const joined = new Promise<void>(resolve => {
    join = resolve
  })

  function take(taken: Taken): void {
    counts.duplicates += taken.duplicates
    counts.forged += taken.forged
    onTaken(taken)
  }

  function onEnd(endOffset: number | null): void {
    if (endOffset === null) {
      if (follower.offset() !== null) return // the broker was slow to answer
      if (log.head().position > 0) throw needsInit(log.file, url.name)
      onEmpty()
      return
    }
    lag.seen(endOffset)
    if (!hasJoined && lag.value().lagEvents === 0 && follower.isFollowing()) {
      hasJoined = true
      const { position, hash } = log.head()
      logger.info(
        { position, hash, offset: endOffset },
        'the log has reached the end of the stream',
      )
      join()
    }
  }

  const reader = readStream(url, {
    start: follower.start,
    async onRecords(batch) {
      const deliveries = batch.map(toDelivery)
      const isLarge = deliveries.length >= MANY
      const payloads = isLarge ? await log.compress(deliveries.map(eventBodyOf)) : []
      follower.take(deliveries, take, payloads)
      lag.reached(follower.offset())
    },
    onEnd,
    logger,
    signal,
  })
  return {
    joined,
    stopped: reader.stopped,
    status() {
      const { isConnected, problem, error, host, endOffset } = reader.status()
      const whenConnected = hasJoined ? 'following' : 'joining'
      const whenNot = needsOperator(error) ? 'stopped' : 'connecting'
      const state = isConnected ? whenConnected : whenNot
      return {
        state,
        problem,
        host,
        endOffset,
        offset: follower.offset(),
        ...lag.value(),
        ...counts,
      }
    },
  }
}

const forOperators = ['STREAM_GAP', 'STREAM_KEY', 'STREAM_NEWER', 'LOG_DIVERGED']

/**
 * Whether an error lasts until an operator acts. The node retries all the same, because the operator may act at any
 * time.
 */
function needsOperator(error: unknown): boolean {
  return error instanceof MixmatchError && forOperators.includes(error.code)
}

function needsInit(file: string, stream: string): MixmatchError {
  return new MixmatchError(
    'LOG_DIVERGED',
    `${file}: has events, and the stream ${stream} is empty. Publish this log into it first: mixmatch fleet init --from ` +
      `${file}. Or begin with an empty log.`,
  )
}
