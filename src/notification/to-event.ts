import { createHash } from 'node:crypto'
import type { Delivery } from '../bus/delivery.js'
import { type Event, ownEventTypes } from '../event/event.js'
import { hyphenated } from '../ids.js'
import { redactedExcerpt } from '../redaction.js'
import { type Message, parseDelivery, type Unparseable } from './envelope.js'
import { nameAt } from './fields.js'
import { emittedAt, meaningOf } from './normalise.js'
import { redactMessage, redactValue } from './redact.js'

/**
 * A delivery as the event that goes into the log. Total: whatever came over the bus becomes an
 * event, free of secrets, and the same delivery always the same one, so that a redelivery is
 * recognised by its message id.
 */
export function toEvent(delivery: Delivery): Event {
  const parsed = parseDelivery(delivery)
  return parsed.kind === 'message'
    ? messageEvent(delivery, parsed)
    : unparseableEvent(delivery, parsed)
}

function messageEvent(delivery: Delivery, { envelope, eventType, message }: Message): Event {
  return {
    ...origin(delivery, envelope),
    messageId: nameAt(message, 'message_id') ?? uuidOf(sha256(delivery.body)),
    eventType,
    emittedAt: emittedAt(message),
    ...meaningOf(eventType, message),
    body: JSON.stringify(redactMessage(message)),
  }
}

/** As much as is kept of what could not be read: the digest tells the rest apart. */
const MOST_CHARACTERS_KEPT = 64 * 1024

function unparseableEvent(delivery: Delivery, { reason, read }: Unparseable): Event {
  const digest = sha256(delivery.body)
  const text = typeof read === 'string' ? read : JSON.stringify(redactValue(read))
  return {
    ...origin(delivery, 'none'),
    messageId: uuidOf(digest),
    eventType: ownEventTypes.unparseable,
    kind: 'noted',
    emittedAt: null,
    resource: null,
    project: null,
    parent: null,
    body: JSON.stringify({
      reason,
      size: delivery.body.length,
      sha256: digest,
      text: read === null ? null : redactedExcerpt(text, MOST_CHARACTERS_KEPT),
    }),
  }
}

function origin(delivery: Delivery, envelope: Event['wire']['envelope']) {
  const { serviceProvider, exchange, routingKey } = delivery
  return { serviceProvider, source: 'bus', wire: { exchange, routingKey, envelope } } as const
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A digest as a UUID of version 8 (RFC 9562 section 5.8). */
function uuidOf(digest: string): string {
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 3) | 8).toString(16)
  return hyphenated(
    `${digest.slice(0, 12)}8${digest.slice(13, 16)}${variant}${digest.slice(17, 32)}`,
  )
}
