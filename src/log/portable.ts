import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { envelopes, eventKinds, eventSources, type RecordedEvent } from '../event/event.js'
import { formatTime, parseTime } from '../event/time.js'
import { type Micros, position, projectId, resourceId, resourceTypes, spName } from '../ids.js'
import { parseJson } from '../json.js'

/**
 * Format one event as one line of JSON, without loss: `log export` writes it, `log import` reads it.
 * `body` is the body as nested JSON. If that would change a byte of it, `body_text` has its text.
 */
export function toLine(event: RecordedEvent): string {
  return JSON.stringify(toPortable(event))
}

/** The object that `toLine` writes. */
export function toPortable(event: RecordedEvent) {
  const { wire } = event
  return {
    position: event.position,
    recorded_at: formatTime(event.recordedAt),
    hash: event.hash,
    service_provider: event.serviceProvider,
    source: event.source,
    message_id: event.messageId,
    event_type: event.eventType,
    kind: event.kind,
    emitted_at: event.emittedAt === null ? null : formatTime(event.emittedAt),
    resource: event.resource,
    project: event.project,
    parent: event.parent,
    exchange: wire.exchange,
    routing_key: wire.routingKey,
    envelope: wire.envelope,
    ...portableBody(event.body),
  }
}

/** Whether `toLine` wrote this parsed line. Otherwise it is a recorded notification. */
export function isExported(line: unknown): boolean {
  return typeof line === 'object' && line !== null && 'position' in line && 'hash' in line
}

/** @throws IMPORT_REFUSED with the line and the field */
export function fromLine(line: unknown, where: string): RecordedEvent {
  const parsed = portable.safeParse(line)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new MixmatchError(
      'IMPORT_REFUSED',
      `${where}: not an exported event: ${issue?.path.join('.') || 'the line'}: ${issue?.message}`,
    )
  }
  const { data } = parsed
  return {
    position: position(data.position),
    recordedAt: data.recorded_at,
    hash: data.hash,
    serviceProvider: spName(data.service_provider),
    source: data.source,
    messageId: data.message_id,
    eventType: data.event_type,
    kind: data.kind,
    emittedAt: data.emitted_at,
    resource: data.resource && { type: data.resource.type, id: resourceId(data.resource.id) },
    project: data.project === null ? null : projectId(data.project),
    parent: data.parent === null ? null : resourceId(data.parent),
    wire: { exchange: data.exchange, routingKey: data.routing_key, envelope: data.envelope },
    body: data.body_text ?? JSON.stringify(data.body),
  }
}

const time = z.string().transform((text, context): Micros => {
  const parsed = parseTime(text)
  if (parsed !== null) return parsed
  context.addIssue({ code: 'custom', message: `expected a time, got "${text}"` })
  return z.NEVER
})

const portable = z.object({
  position: z.int().positive(),
  recorded_at: time,
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  service_provider: z.string().min(1),
  source: z.enum(eventSources),
  message_id: z.string(),
  event_type: z.string(),
  kind: z.enum(eventKinds),
  emitted_at: time.nullable(),
  resource: z.object({ type: z.enum(resourceTypes), id: z.string() }).nullable(),
  project: z.string().nullable(),
  parent: z.string().nullable(),
  exchange: z.string(),
  routing_key: z.string(),
  envelope: z.enum(envelopes),
  body: z.unknown().optional(),
  body_text: z.string().optional(),
})

function portableBody(text: string): { body: unknown } | { body_text: string } {
  const body = parseJson(text)
  return typeof body === 'object' && JSON.stringify(body) === text ? { body } : { body_text: text }
}
