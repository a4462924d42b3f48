import { hash } from 'node:crypto'
import type { Event } from '../event/event.js'
import type { Micros, Position } from '../ids.js'

/** What the first event is chained to: 64 zeros. */
export const GENESIS = '0'.repeat(64)

/**
 * The hash of an event in its place: SHA-256 over the 32 bytes of its predecessor's hash, a JSON
 * array of everything that is stored of it, a line feed, and its body. Anyone can recompute it from
 * a `log export` with nothing but a JSON and a SHA-256 library.
 *
 * @param previous the predecessor's hash, 64 hex digits
 */
export function chain(
  previous: string,
  position: Position,
  recordedAt: Micros,
  event: Event,
): string {
  const { resource, wire } = event
  const canonical = JSON.stringify([
    1, // the version of this very list
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
  // At once: an object that takes the pieces one by one costs twice the hash.
  const bytes = Buffer.concat([
    Buffer.from(previous, 'hex'),
    Buffer.from(`${canonical}\n${event.body}`),
  ])
  return hash('sha256', bytes, 'hex')
}
