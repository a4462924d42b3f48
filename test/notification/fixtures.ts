import { readFileSync } from 'node:fs'
import type { Delivery } from '../../src/bus/delivery.js'
import { parseRecorded } from '../../src/bus/recorded-notification.js'
import { cornmeal } from '../controls.js'

/** All notifications that were recorded at two real clouds, in order. */
export const recorded: readonly Delivery[] = ['default', 'sp1'].flatMap(cloud =>
  linesOf(cloud).map((line, index) => parseRecorded(JSON.parse(line), `${cloud}:${index + 1}`)),
)

/** The lines of a file of `test/fixtures/notifications`. */
export function linesOf(cloud: string): string[] {
  const url = new URL(`../fixtures/notifications/${cloud}.ndjson`, import.meta.url)
  return readFileSync(url, 'utf8').trimEnd().split('\n')
}

/** A delivery of these bytes, like a message of Glance. */
export function delivery(body: Buffer | string, fields: Partial<Delivery> = {}): Delivery {
  return {
    serviceProvider: cornmeal,
    exchange: 'glance',
    routingKey: 'notifications.info',
    compression: null,
    redelivered: false,
    body: Buffer.from(body),
    ...fields,
  }
}

/** An oslo message with this event type. */
export function message(eventType: string, payload: unknown, fields: object = {}): object {
  return {
    message_id: '7cb6a0f4-0b44-4d1c-8a24-ba1e65a2a1a9',
    publisher_id: 'service.host',
    event_type: eventType,
    priority: 'INFO',
    payload,
    timestamp: '2026-11-23 13:20:06.707170',
    _unique_id: '99ae9bcff1e248e9a8df20b9d6e3c9c3',
    ...fields,
  }
}

/** The form of driver `messagingv2`. */
export function wrapped(message: object, version = '2.0'): string {
  return JSON.stringify({ 'oslo.version': version, 'oslo.message': JSON.stringify(message) })
}
