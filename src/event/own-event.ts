import { randomUUID } from 'node:crypto'
import type { Micros, SpName } from '../ids.js'
import type { Event, EventSource, ownEventTypes } from './event.js'

/** The fields of an event that did not come over a bus. */
interface OwnEvent
  extends Partial<Pick<Event, 'messageId' | 'kind' | 'resource' | 'project' | 'parent'>> {
  readonly serviceProvider: SpName
  readonly source: Exclude<EventSource, 'bus'>
  readonly eventType: (typeof ownEventTypes)[keyof typeof ownEventTypes]
  readonly emittedAt: Micros | null
  /** The exchange that it is about. */
  readonly exchange?: string
  /** Details for views, which do not read bodies. */
  readonly routingKey?: string
  /** The body, which is stored as JSON. */
  readonly body: unknown
}

/**
 * Create an event of our own. The default kind is `noted`, the default resource is none, and the default
 * message id is a new UUID.
 */
export function createOwnEvent(own: OwnEvent): Event {
  const { exchange = '', routingKey = '', body, ...fields } = own
  return {
    messageId: randomUUID(),
    kind: 'noted',
    resource: null,
    project: null,
    parent: null,
    ...fields,
    wire: { exchange, routingKey, envelope: 'none' },
    body: JSON.stringify(body),
  }
}
