import { randomUUID } from 'node:crypto'
import { toMessage } from '../../sandbox/bus/message.js'
import { parseRecorded } from '../../src/bus/recorded-notification.js'
import { now } from '../../src/event/time.js'
import { recorded } from './recorded-history.js'

/** A notification as a service publishes it. */
export interface Published {
  readonly exchange: string
  readonly routingKey: string
  readonly body: Buffer
}

const UUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** The notifications of a real cloud over and over, each time with ids of their own. */
export function* notifications(count: number): Generator<Published> {
  const templates = recorded.split('\n').map(line => parseRecorded(JSON.parse(line), 'fixture'))
  for (let made = 0; made < count; ) {
    const fresh = new Map<string, string>()
    for (const { exchange, routingKey, body } of templates.slice(0, count - made)) {
      const text = body.toString().replace(UUIDS, id => {
        const known = fresh.get(id) ?? randomUUID()
        fresh.set(id, known)
        return known
      })
      yield { exchange, routingKey, body: Buffer.from(text) }
      made += 1
    }
  }
}

/** Glance says that there is a new image. */
export function newImage(cloud: string, id: string): Published {
  const { exchange, routing_key, body } = toMessage(cloud, {
    exchange: 'glance',
    priority: 'info',
    publisherId: `image.${cloud}`,
    eventType: 'image.create',
    payload: { id, name: 'bench', status: 'queued', owner: '0'.repeat(32) },
    at: now(),
  })
  return { exchange, routingKey: routing_key, body: Buffer.from(body) }
}
