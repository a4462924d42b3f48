import { hash } from 'node:crypto'
import type { Event } from '../event/event.js'
import type { Micros, Position } from '../ids.js'

/** The previous hash of the first event: 64 zeros. */
export const GENESIS = '0'.repeat(64)

/**
 * The hash of an event at its position: SHA-256 over the 32 bytes of the previous event's hash, a
 * JSON array of all stored fields, a line feed, and the body. A JSON library and a SHA-256 library
 * are enough to recompute it from a `log export`.
 *
 * @param previous the hash of the previous event, 64 hex digits
 */
export function chain(
  previous: string,
  position: Position,
  recordedAt: Micros,
  event: Event,
): string {
  const { resource, wire } = event
  const canonical = JSON.stringify([
    1, // the version of this list
    position,
    recordedAt,
    event.serviceProvider,
    event.source,
    event.messageId,
    event.eventType,
    event.kind,
    event.emittedAt,
    resource?.type ?? null,
    resource?.id ?? null,
    event.project,
    event.parent,
    wire.exchange,
    wire.routingKey,
    wire.envelope,
  ])
  // One call: a hash object that is updated with each piece takes twice the time.
  const bytes = Buffer.concat([
    Buffer.from(previous, 'hex'),
    Buffer.from(`${canonical}\n${event.body}`),
  ])
  return hash('sha256', bytes, 'hex')
}
