import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseRecorded } from '../../src/bus/recorded-notification.js'
import type { Event } from '../../src/event/event.js'
import { micros, resourceId, spName } from '../../src/ids.js'
import { createNotificationEvent } from '../../src/notification/notification-event.js'

/** The notifications of a real cloud, as they were recorded. */
export const recorded = readFileSync(
  new URL('../fixtures/notifications/sp1.ndjson', import.meta.url),
  'utf8',
).trimEnd()

const lines = recorded.split('\n')
const templates = lines.map((line, index) =>
  createNotificationEvent(parseRecorded(JSON.parse(line), `line ${index}`)),
)

/** Bytes of a notification as it was recorded, on average. */
export const recordedSize = Buffer.byteLength(recorded) / lines.length

const UUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const HOUR = 3_600_000_000

/**
 * The recorded history over and over, each time an hour later, at the next of three clouds, and with
 * ids of its own.
 */
export function* recordedHistory(total: number): Generator<Event> {
  let made = 0
  for (let round = 0; made < total; round += 1) {
    const fresh = new Map<string, string>()
    const renewed = (text: string) =>
      text.replace(UUIDS, id => {
        const known = fresh.get(id) ?? randomUUID()
        fresh.set(id, known)
        return known
      })
    for (const template of templates.slice(0, total - made)) {
      const { resource, parent, emittedAt, body } = template
      yield {
        ...template,
        serviceProvider: spName(['default', 'sp1', 'sp2'][round % 3] ?? ''),
        messageId: randomUUID(),
        emittedAt: emittedAt === null ? null : micros(emittedAt + round * HOUR),
        resource: resource && { ...resource, id: resourceId(renewed(resource.id)) },
        parent: parent === null ? null : resourceId(renewed(parent)),
        body: renewed(body),
      }
      made += 1
    }
  }
}

export function* batches<Value>(values: Iterable<Value>, size = 1000): Generator<Value[]> {
  let batch: Value[] = []
  for (const value of values) {
    batch.push(value)
    if (batch.length === size) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
