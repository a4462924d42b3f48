import type { RecordedEvent } from '../event/event.js'
import { formatTime } from '../event/time.js'
import type { Row } from './row-printer.js'

/** Format an event as one row. */
export function eventRow(event: RecordedEvent): Row {
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
