import { ownEventTypes } from '../event/event.js'
import { type Position, position } from '../ids.js'
import type { Appended, EventLog, Payloads, StreamedEvent } from '../log/event-log.js'
import type { FleetKey } from './fleet-key.js'
import { decideStep, firstPhase, type Phase } from './protocol.js'
import { digestOfMessage, type StreamDelivery } from './stream-message.js'

/** Appends the messages of a stream to a log. It knows no network. */
export interface Follower {
  /**
   * Begin to read, also again after a lost connection.
   *
   * @returns the offset to read from: that of the last message in the log, which proves that nothing is missing
   * @throws STREAM_KEY, LOG_DIVERGED
   */
  start(): number | 'first'
  /**
   * Take a batch of messages, in order. They are appended in one transaction. If one of them stops the node, those
   * before it are appended.
   *
   * @param payloads the compressed bodies of the messages (`eventBodyOf`), if they were compressed already
   * @throws STREAM_GAP, STREAM_KEY, STREAM_NEWER, LOG_DIVERGED
   */
  take(
    batch: readonly StreamDelivery[],
    onTaken?: (taken: Taken) => void,
    payloads?: Payloads,
  ): void
  /** The offset of the last message that was taken; null if there is none. */
  offset(): number | null
  /**
   * Whether the next message is appended: the log has all events of an older log that `fleet init` publishes into the
   * stream, and the stream has all events of the log.
   */
  isFollowing(): boolean
}

/** What became of a batch. */
export interface Taken extends Appended {
  /** The events of the batch, in order, whether new or not. */
  readonly entries: readonly StreamedEvent[]
  /** How many of them are forged messages. */
  readonly forged: number
}

export function createFollower(
  log: EventLog,
  parts: { readonly stream: string; readonly key: FleetKey },
): Follower {
  let phase: Phase = { name: 'begin' }
  let offset: number | null = null
  let through: Position = position(0)

  function append(entries: readonly StreamedEvent[], last: StreamDelivery): Taken {
    const { stream, key } = parts
    const digest = digestOfMessage(last)
    const reached = { stream, key: key.id, offset: last.offset, digest, through }
    const forged = entries.filter(({ event }) => event.eventType === ownEventTypes.streamForged)
    return { entries, forged: forged.length, ...log.follow(entries, reached) }
  }

  return {
    start() {
      const followed = log.followed()
      phase = firstPhase(log, followed, parts)
      offset = phase.name === 'resume' ? phase.offset : null
      through = phase.name === 'resume' && followed ? followed.through : position(0)
      return offset ?? 'first'
    },
    take(batch, onTaken = () => {}, payloads = []) {
      const entries: StreamedEvent[] = []
      let last: StreamDelivery | null = null
      try {
        for (const [index, delivery] of batch.entries()) {
          const step = decideStep(phase, delivery, { log, ...parts })
          const isInLog = phase.name === 'resume'
          phase = step.next
          if (isInLog) continue
          last = delivery
          offset = delivery.offset
          through = step.through ?? through
          if (step.append) entries.push(withPayload(step.append, payloads[index]))
        }
      } finally {
        if (last && phase.name === 'follow') onTaken(append(entries, last))
      }
    },
    offset: () => offset,
    isFollowing: () => phase.name === 'follow' && log.head().position >= through,
  }
}

/** The event of a forged message, which has no time, has another body than the message. */
function withPayload(entry: StreamedEvent, payload: Uint8Array | undefined): StreamedEvent {
  return payload && entry.recordedAt !== null ? { ...entry, payload } : entry
}
