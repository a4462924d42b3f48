import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Delivery } from '../bus/delivery.js'
import { type Event, ownEventTypes } from '../event/event.js'
import { hyphenated } from '../ids.js'
import { redactedExcerpt } from '../redaction.js'
import { type Message, parseDelivery, type Unparseable } from './envelope.js'
import { nameAt } from './fields.js'
import { emittedAt, meaningOf } from './normalise.js'
import { redactMessage, redactValue } from './redact-message.js'
import { limitTime, TimeLimitReached } from './time-limit.js'

/** Far more than it takes: a message of 4 MiB is read in well under a second. */
const MOST_MS = 2000

/**
 * A delivery as the event that goes into the log. Total: whatever came over the bus becomes an
 * event, free of secrets, and the same delivery always the same one, so that a redelivery is
 * recognised by its message id. What is too large, or takes too long, is recorded as unread: one
 * cloud's message must not hold up what the others have to say.
 */
export function toEvent(delivery: Delivery): Event {
  return toEventWithin(
    limitTime(MOST_MS, () => performance.now()),
    delivery,
  )
}

/** As `toEvent`, with the check that limits the time. */
export function toEventWithin(checkTime: () => void, delivery: Delivery): Event {
  try {
    const parsed = parseDelivery(delivery)
    return parsed.kind === 'message'
      ? messageEvent(delivery, parsed, checkTime)
      : unreadEvent(delivery, parsed.reason, keepRead(parsed.read, checkTime))
  } catch (error) {
    // the message of any other error may quote what was read
    const name = error instanceof Error ? error.name : typeof error
    const reason =
      error instanceof TimeLimitReached ? error.message : `it could not be read (${name})`
    return unreadEvent(delivery, reason, {})
  }
}

/** A delivery that is not to be looked into, as the event that says why. */
export function unreadEvent(delivery: Delivery, reason: string, kept: Kept = {}): Event {
  const digest = digestOf(delivery)
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
      text: null,
      ...kept,
    }),
  }
}

/** SHA-256 of the body as it was published, 64 hex digits. */
export function digestOf({ body }: Delivery): string {
  return createHash('sha256').update(body).digest('hex')
}

function messageEvent(
  delivery: Delivery,
  { envelope, eventType, message }: Message,
  checkTime: () => void,
): Event {
  return {
    ...origin(delivery, envelope),
    messageId: nameAt(message, 'message_id') ?? uuidOf(digestOf(delivery)),
    eventType,
    emittedAt: emittedAt(message),
    ...meaningOf(eventType, message),
    body: JSON.stringify(redactMessage(message, checkTime)),
  }
}

/** What is kept of a message that could not be read: text, or the bytes where it is none. */
type Kept = { readonly text?: string; readonly bytes_base64?: string }

/** Characters or bytes: the digest tells the rest apart. */
const MOST_KEPT = 64 * 1024

function keepRead(read: Unparseable['read'], checkTime: () => void): Kept {
  if (read === null) return {}
  if ('json' in read) {
    return { text: redactedExcerpt(JSON.stringify(redactValue(read.json, checkTime)), MOST_KEPT) }
  }
  if (isUtf8(read.bytes)) return { text: redactedExcerpt(read.bytes.toString(), MOST_KEPT) }
  // a character for a byte, so that secrets in plain sight are found in what is no text as well
  const redacted = redactedExcerpt(read.bytes.toString('latin1'), MOST_KEPT)
  return { bytes_base64: Buffer.from(redacted, 'latin1').toString('base64') }
}

function origin(delivery: Delivery, envelope: Event['wire']['envelope']) {
  const { serviceProvider, exchange, routingKey } = delivery
  return { serviceProvider, source: 'bus', wire: { exchange, routingKey, envelope } } as const
}

/** A digest as a UUID of version 8 (RFC 9562 section 5.8). */
function uuidOf(digest: string): string {
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 3) | 8).toString(16)
  return hyphenated(
    `${digest.slice(0, 12)}8${digest.slice(13, 16)}${variant}${digest.slice(17, 32)}`,
  )
}
