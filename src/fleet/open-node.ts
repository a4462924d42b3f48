import type { Logger } from 'pino'
import type { KnownRecord } from '../bus/amqp/known-stream.js'
import { openStreamWriter, type StreamWriter } from '../bus/amqp/stream-writer.js'
import { nameOfStream, parseStreamUrl } from '../bus/stream-url.js'
import type { Event } from '../event/event.js'
import { now } from '../event/time.js'
import { position } from '../ids.js'
import { GENESIS } from '../log/chain.js'
import type { EventLog } from '../log/event-log.js'
import { createCollect } from './collect.js'
import { createFleetKey } from './fleet-key.js'
import type { FleetStatus } from './fleet-status.js'
import type { Taken } from './follower.js'
import { type Following, followStream } from './following.js'
import { createPendingEvents } from './pending-events.js'
import {
  digestOfMessage,
  type StreamMessage,
  toDelivery,
  toRecord,
  writeMessage,
} from './stream-message.js'

/** This node in its fleet: it writes to the stream, and follows it into its own log. */
export interface FleetNode extends AsyncDisposable {
  /** Publish events. Resolves when the stream has confirmed them; then their notifications may be acknowledged. */
  collect(events: readonly Event[]): Promise<void>
  /** Publish events of this node. Resolves when they have come back, so that its log and its views have them. */
  record(events: readonly Event[]): Promise<void>
  /**
   * Follow the stream into a log.
   *
   * @param onTaken called when a batch is in the log
   * @returns resolves when the log has for the first time reached the end of the stream. The node collects only then
   */
  follow(log: EventLog, onTaken: (taken: Taken) => void): Promise<void>
  /** null before `follow`. */
  status(): Omit<FleetStatus, 'buses'> | null
}

interface FleetOptions {
  /** The option `[fleet] stream`. */
  readonly stream: string
  /** What only the nodes of the fleet know. */
  readonly secrets: readonly string[]
  readonly signal: AbortSignal
}

/** A broker that is down must not hold up the end of a node. */
const END_MS = 5_000

/**
 * Connect to the stream for publishing. After the signal, what is being published has a moment to be confirmed.
 */
export function openFleetNode(
  { stream, secrets, signal }: FleetOptions,
  logger: Logger,
): FleetNode {
  const url = parseStreamUrl(stream)
  const key = createFleetKey(secrets, url.name)
  let writer: StreamWriter | null = null
  const publish = (messages: readonly StreamMessage[]) =>
    writer?.publish(messages.map(toRecord)) ??
    Promise.reject(new Error('this node does not follow the stream yet'))
  const collect = createCollect(publish, key, now)
  const pending = createPendingEvents()
  const ending = new AbortController()
  let endTimer: NodeJS.Timeout | undefined
  signal.addEventListener('abort', () => {
    endTimer = setTimeout(() => void writer?.close(), END_MS)
  })
  let following: Following | null = null
  let hasBegun = false

  /** Write the first message of a new stream. */
  function begin(): void {
    if (hasBegun) return
    hasBegun = true
    const through = { position: position(0), hash: GENESIS }
    publish([writeMessage({ type: 'begin', through }, key)]).catch(() => {}) // the node stops
  }

  return {
    collect,
    async record(events) {
      await following?.joined // the events of an older log come first
      await Promise.all([pending.expect(events), collect(events)])
    },
    follow(log, onTaken) {
      writer = openStreamWriter(url, { logger, known: () => lastFollowed(log, url.name) })
      following = followStream({
        url,
        key,
        log,
        onTaken(taken) {
          onTaken(taken)
          pending.settle(taken.entries.map(({ event }) => event))
        },
        onEmpty: begin,
        logger,
        signal: ending.signal,
      })
      return following.joined
    },
    status() {
      if (!following || !writer) return null
      const { lastConfirmAt, unconfirmed, problem } = writer.status()
      const followed = following.status()
      return {
        stream: nameOfStream(url),
        ...followed,
        problem: followed.problem ?? problem,
        lastConfirmAt,
        unconfirmed,
      }
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(endTimer)
      await writer?.close()
      ending.abort()
      await following?.stopped
      pending.abandon(new Error('this node stops, and the event did not come back from the stream'))
    },
  }
}

/** The last message of the stream that is in the log; null if it has followed none. */
function lastFollowed(log: EventLog, stream: string): KnownRecord | null {
  const followed = log.followed()
  if (followed?.stream !== stream) return null
  const { offset, digest } = followed
  return { offset, isSame: record => digestOfMessage(toDelivery(record)) === digest }
}
