import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Delivery } from '../bus/delivery.js'
import { type Event, ownEventTypes } from '../event/event.js'
import { hyphenated } from '../ids.js'
import { redactedExcerpt, redactText } from '../redaction.js'
import { type OsloMessage, parseDelivery, type Unparseable } from './envelope.js'
import { emittedAt, readMeaning } from './event-meaning.js'
import { nameAt } from './fields.js'
import { redactMessage, redactValue } from './redact-message.js'
import { limitTime, TimeLimitReached } from './time-limit.js'

/** Far more than needed: a message of 4 MiB takes well under a second. */
const MAX_MS = 2000

/**
 * Make the event that is recorded for a delivery. Never throws: any delivery becomes an event without
 * secrets. The same delivery always gets the same message id, so that a redelivery is recognised. A message
 * that is too large, or takes too long, becomes an event that says so, because it must not delay the
 * notifications of other clouds.
 */
export function createNotificationEvent(delivery: Delivery): Event {
  return createNotificationEventWithin(
    limitTime(MAX_MS, () => performance.now()),
    delivery,
  )
}

/** As `createNotificationEvent`, but with the check that limits the time. */
export function createNotificationEventWithin(checkTime: () => void, delivery: Delivery): Event {
  try {
    const parsed = parseDelivery(delivery)
    return parsed.kind === 'message'
      ? createMessageEvent(delivery, parsed, checkTime)
      : createUnreadEvent(delivery, parsed.reason, keepRead(parsed.read, checkTime))
  } catch (error) {
    // any other error may quote the message, so only its name is kept
    const name = error instanceof Error ? error.name : typeof error
    const reason =
      error instanceof TimeLimitReached ? error.message : `it could not be read (${name})`
    return createUnreadEvent(delivery, reason, {})
  }
}

/** The event for a delivery that was not read, with the reason. */
export function createUnreadEvent(delivery: Delivery, reason: string, kept: Kept = {}): Event {
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

/** SHA-256 of the body as published, 64 hex digits. */
export function digestOf({ body }: Delivery): string {
  return createHash('sha256').update(body).digest('hex')
}

function createMessageEvent(
  delivery: Delivery,
  { envelope, eventType, message }: OsloMessage,
  checkTime: () => void,
): Event {
  return {
    ...origin(delivery, envelope),
    messageId: nameAt(message, 'message_id') ?? uuidOf(digestOf(delivery)),
    eventType,
    emittedAt: emittedAt(message),
    ...readMeaning(eventType, message),
    body: JSON.stringify(redactMessage(message, checkTime)),
  }
}

/** What is kept of a message that could not be read: text, or bytes if it is not text. */
type Kept = { readonly text?: string; readonly bytes_base64?: string }

/** In characters or bytes. The event also has the digest of the whole message. */
const MAX_KEPT = 64 * 1024

function keepRead(read: Unparseable['read'], checkTime: () => void): Kept {
  if (read === null) return {}
  if ('json' in read) {
    return { text: redactedExcerpt(JSON.stringify(redactValue(read.json, checkTime)), MAX_KEPT) }
  }
  if (isUtf8(read.bytes)) return { text: redactedExcerpt(read.bytes.toString(), MAX_KEPT) }
  // one character for each byte, so that secrets in plain text are found among other bytes
  const redacted = redactedExcerpt(read.bytes.toString('latin1'), MAX_KEPT)
  return { bytes_base64: Buffer.from(redacted, 'latin1').toString('base64') }
}

function origin(delivery: Delivery, envelope: Event['wire']['envelope']) {
  const { serviceProvider } = delivery
  const [exchange, routingKey] = [redactText(delivery.exchange), redactText(delivery.routingKey)]
  return { serviceProvider, source: 'bus', wire: { exchange, routingKey, envelope } } as const
}

/** A digest as a UUID of version 8 (RFC 9562 section 5.8). */
function uuidOf(digest: string): string {
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 3) | 8).toString(16)
  return hyphenated(
    `${digest.slice(0, 12)}8${digest.slice(13, 16)}${variant}${digest.slice(17, 32)}`,
  )
}
