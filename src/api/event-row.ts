import * as z from 'zod'
import { envelopes, eventKinds, eventSources, type RecordedEvent } from '../event/event.js'
import { formatTime } from '../event/time.js'
import { resourceTypes } from '../ids.js'

export const timeShape = z
  .string()
  .meta({ description: 'A time in UTC, to the microsecond: 2026-11-23T13:20:06.707170Z' })

export const resourceShape = z.object({ type: z.enum(resourceTypes), id: z.string() })

/** An event without its message, as `log tail` and `replay` print it. */
export const eventShape = z.object({
  position: z.number().int(),
  recorded_at: timeShape,
  service_provider: z.string(),
  event_type: z.string(),
  kind: z.enum(eventKinds),
  resource: resourceShape.nullable(),
  project: z.string().nullable(),
})

/** An event with its origin and its message, as `log show --format json` and `log export` print it. */
export const eventDetailShape = eventShape.extend({
  hash: z.string(),
  source: z.enum(eventSources),
  message_id: z.string(),
  emitted_at: timeShape.nullable(),
  parent: z.string().nullable(),
  exchange: z.string(),
  routing_key: z.string(),
  envelope: z.enum(envelopes),
  body: z.unknown().optional(),
  body_text: z.string().optional(),
})

/** What a row shows of an event, and the time that decides who may see it. */
export type ShownEvent = Pick<
  RecordedEvent,
  | 'position'
  | 'recordedAt'
  | 'emittedAt'
  | 'serviceProvider'
  | 'eventType'
  | 'kind'
  | 'resource'
  | 'project'
>

/** Format an event as one row. */
export function eventRow(event: ShownEvent): z.output<typeof eventShape> {
  return {
    position: event.position,
    recorded_at: formatTime(event.recordedAt),
    service_provider: event.serviceProvider,
    event_type: event.eventType,
    kind: event.kind,
    resource: event.resource,
    project: event.project,
  }
}
