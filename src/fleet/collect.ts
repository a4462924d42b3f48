import type { Event } from '../event/event.js'
import type { Micros } from '../ids.js'
import type { FleetKey } from './fleet-key.js'
import { type StreamMessage, writeMessage } from './stream-message.js'

/** Publishes messages to the stream. Resolves when all are confirmed; then a majority of the brokers has them. */
type Publish = (messages: readonly StreamMessage[]) => Promise<void>

/**
 * Create the function that a node collects with: stamp events with the time, sign and publish them. When it
 * resolves, their notifications may be acknowledged. If it rejects they must not be: they are collected again,
 * perhaps by another node, and the log drops what is in the stream twice.
 */
export function createCollect(
  publish: Publish,
  key: FleetKey,
  now: () => Micros,
): (events: readonly Event[]) => Promise<void> {
  return async events => {
    const recordedAt = now()
    await publish(events.map(event => writeMessage({ type: 'event', event, recordedAt }, key)))
  }
}
