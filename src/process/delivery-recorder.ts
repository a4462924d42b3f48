import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Delivery, OnDeliveries } from '../bus/delivery.js'
import type { Event } from '../event/event.js'
import {
  createNotificationEvent,
  createUnreadEvent,
  digestOf,
} from '../notification/notification-event.js'
import type { DeliveryJournal } from './delivery-journal.js'

export interface DeliveryRecorderParts {
  /** Append events, and bring the views up to them. */
  readonly record: (events: readonly Event[]) => void
  readonly journal: DeliveryJournal
  readonly logger: Logger
  /** What a delivery means. `createNotificationEvent` by default. */
  readonly read?: (delivery: Delivery) => Event
}

/** So often may the recorder die over a message that it handles by itself. */
const MOST_DEATHS = 2

/**
 * Record deliveries. Those that come for the first time are one batch. A redelivered one was in hand
 * when a recorder or its connection died, so it is recorded by itself, under a note in the journal:
 * one over which the recorder then died twice is set aside, unread, and its queue goes on.
 */
export function createDeliveryRecorder(parts: DeliveryRecorderParts): OnDeliveries {
  const { record, journal, logger, read = createNotificationEvent } = parts

  function recordAlone(delivery: Delivery): void {
    const digest = digestOf(delivery)
    const deaths = journal.begin(digest)
    try {
      record([deaths < MOST_DEATHS ? read(delivery) : setAside(delivery, deaths)])
    } finally {
      journal.end(digest)
    }
  }

  function setAside(delivery: Delivery, deaths: number): Event {
    const { exchange, routingKey, body } = delivery
    logger.error(
      { exchange, routing_key: routingKey, size: body.length, sha256: digestOf(delivery), deaths },
      'a message is set aside unread: the recorder died each time it recorded it',
    )
    return createUnreadEvent(delivery, `set aside: the recorder died ${deaths} times over it`)
  }

  return async batch => {
    for (const part of partsOf(batch)) {
      const [first] = part
      if (!first?.redelivered) record(part.map(read))
      else {
        recordAlone(first)
        await nextTurn() // other clouds do not wait for all that comes again
      }
    }
  }
}

/** In order: each redelivered one by itself, and what stands between them together. */
function partsOf(batch: readonly Delivery[]): readonly (readonly Delivery[])[] {
  const parts: Delivery[][] = []
  for (const delivery of batch) {
    const last = parts.at(-1)
    if (!last || delivery.redelivered || last[0]?.redelivered) parts.push([delivery])
    else last.push(delivery)
  }
  return parts
}
