import { randomUUID } from 'node:crypto'
import { formatTime } from '../../src/event/time.js'
import type { Micros } from '../../src/ids.js'

/** A notification before it is put into its wire format. */
export interface Notification {
  /** Glance publishes on `glance`, Cinder on `openstack`. */
  readonly exchange: 'glance' | 'openstack'
  readonly priority: 'info' | 'error'
  /** `volume.sp1@lvm`: the service and its host. */
  readonly publisherId: string
  readonly eventType: string
  /** An object; some notifications of priority error have plain text here. */
  readonly payload: Readonly<Record<string, unknown>> | string
  /** The flattened request context, `_context_*`; Glance sends none. */
  readonly context?: Readonly<Record<string, unknown>>
  readonly at: Micros
}

/** A notification in its wire format; also the shape of one line in a file of recorded notifications. */
export interface Message {
  readonly cloud: string
  readonly exchange: string
  readonly routing_key: string
  readonly properties: {
    readonly content_type: 'application/json'
    readonly content_encoding: 'utf-8'
    readonly headers: Readonly<Record<string, never>>
    readonly delivery_mode: 2
    readonly priority: 0
  }
  /** oslo.messaging's envelope 2.0: JSON text with the message inside, again as JSON text. */
  readonly body: string
}

/** Resolves when the bus has accepted the notification. Glance answers its client only after that. */
export type Notify = (notification: Notification) => Promise<void>

/** Format a notification as oslo.messaging does with the driver `messagingv2`. */
export function toMessage(cloud: string, notification: Notification): Message {
  const { exchange, priority, publisherId, eventType, payload, context = {}, at } = notification
  const message = {
    message_id: randomUUID(),
    publisher_id: publisherId,
    event_type: eventType,
    priority: priority.toUpperCase(),
    payload,
    timestamp: formatTime(at).replace('T', ' ').replace('Z', ''),
    _unique_id: randomUUID().replaceAll('-', ''),
    ...context,
  }
  return {
    cloud,
    exchange,
    routing_key: `notifications.${priority}`,
    properties: {
      content_type: 'application/json',
      content_encoding: 'utf-8',
      headers: {},
      delivery_mode: 2,
      priority: 0,
    },
    body: JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }),
  }
}
