import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Delivery, OnDeliveries } from '../bus/delivery.js'
import type { Event } from '../event/event.js'
import type { Payloads } from '../log/event-log.js'
import {
  createNotificationEvent,
  createUnreadEvent,
  digestOf,
} from '../notification/notification-event.js'
import type { DeliveryJournal } from './delivery-journal.js'

interface DeliveryRecorderParts {
  /** Append events to the log and apply them to the views, or publish them to the stream of a fleet. */
  readonly record: (events: readonly Event[], payloads?: Payloads) => void | Promise<void>
  /** Compress the bodies of events for `record`, in a thread. Not for a stream, which gets the bodies. */
  readonly compress?: (events: readonly Event[]) => Promise<Payloads>
  readonly journal: DeliveryJournal
  /**
   * Whether `record` publishes to the stream of a fleet. If a node dies while it waits for the broker, the message is
   * not the cause, so only the reading is noted.
   */
  readonly publishes?: boolean
  readonly logger: Logger
  /** `createNotificationEvent` by default. */
  readonly read?: (delivery: Delivery) => Event
}

/** Fewer messages are compressed faster without a thread. */
const MANY = 64
/** While a thread compresses this many events, the next ones are read. */
const SLICE = 64

/** A message is set aside when the recorder has died this many times while it recorded the message. */
const MAX_DEATHS = 2

/**
 * Record deliveries. New messages are recorded together. A redelivered message may be the one that killed
 * the recorder, so it is recorded alone, and the journal notes the attempt. If the recorder dies twice
 * over a message, the message is set aside unread, and the recorder continues with the next one.
 *
 * New messages are read and compressed while the batch before them is recorded.
 */
export function createDeliveryRecorder(parts: DeliveryRecorderParts): OnDeliveries {
  const { record, compress, journal, logger, read = createNotificationEvent } = parts
  const { publishes = false } = parts

  async function recordTogether(
    deliveries: readonly Delivery[],
    previous: Promise<void> | undefined,
  ): Promise<void> {
    if (!compress || deliveries.length < MANY) {
      const events = deliveries.map(read)
      await previous
      await record(events)
      return
    }
    const events: Event[] = []
    const payloads: Promise<Payloads>[] = []
    for (let start = 0; start < deliveries.length; start += SLICE) {
      const slice = deliveries.slice(start, start + SLICE).map(read)
      events.push(...slice)
      payloads.push(compress(slice))
    }
    const [compressed] = await Promise.all([Promise.all(payloads), previous])
    await record(events, compressed.flat())
  }

  async function recordAlone(delivery: Delivery): Promise<void> {
    const digest = digestOf(delivery)
    const deaths = journal.begin(digest)
    try {
      await record([readUnlessDeadly(delivery, deaths)])
    } finally {
      journal.end(digest)
    }
  }

  function readAlone(delivery: Delivery): Event {
    const digest = digestOf(delivery)
    const event = readUnlessDeadly(delivery, journal.begin(digest))
    journal.end(digest)
    return event
  }

  function readUnlessDeadly(delivery: Delivery, deaths: number): Event {
    return deaths < MAX_DEATHS ? read(delivery) : setAside(delivery, deaths)
  }

  function setAside(delivery: Delivery, deaths: number): Event {
    const { exchange, routingKey, body } = delivery
    logger.error(
      { exchange, routing_key: routingKey, size: body.length, sha256: digestOf(delivery), deaths },
      'message set aside unread, because the recorder died each time it recorded it',
    )
    return createUnreadEvent(delivery, `set aside: the recorder died ${deaths} times over it`)
  }

  /** Whether the last batch has redelivered messages. A death over a message read ahead would count against them. */
  let isRetrying = false

  return async (batch, previous) => {
    if (isRetrying) await previous
    isRetrying = batch.some(({ redelivered }) => redelivered)
    if (publishes) {
      await previous
      await record(batch.map(each => (each.redelivered ? readAlone(each) : read(each))))
      return
    }
    for (const part of partsOf(batch)) {
      const [first] = part
      if (!first?.redelivered) await recordTogether(part, previous)
      else {
        await previous
        await recordAlone(first)
        await nextTurn() // other clouds do not have to wait for all redelivered messages
      }
    }
  }
}

/** Split a batch, in order: each redelivered message alone, the new messages between them together. */
function partsOf(batch: readonly Delivery[]): readonly (readonly Delivery[])[] {
  const parts: Delivery[][] = []
  for (const delivery of batch) {
    const last = parts.at(-1)
    if (!last || delivery.redelivered || last[0]?.redelivered) parts.push([delivery])
    else last.push(delivery)
  }
  return parts
}
