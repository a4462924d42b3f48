import { randomUUID } from 'node:crypto'
import type { Micros, SpName } from '../ids.js'
import type { Event, EventSource, ownEventTypes } from './event.js'

/** What there is to say of an event that did not come over a bus. */
interface OwnEvent
  extends Partial<Pick<Event, 'messageId' | 'kind' | 'resource' | 'project' | 'parent'>> {
  readonly serviceProvider: SpName
  readonly source: Exclude<EventSource, 'bus'>
  readonly eventType: (typeof ownEventTypes)[keyof typeof ownEventTypes]
  readonly emittedAt: Micros | null
  /** An exchange that it is about. */
  readonly exchange?: string
  /** Words for views, which read no bodies. */
  readonly routingKey?: string
  /** What becomes its body, as JSON. */
  readonly body: unknown
}

/**
 * An event of our own. It moves nothing and is about no resource unless it says so, and has a message
 * id of its own.
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
