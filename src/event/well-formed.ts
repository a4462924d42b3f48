import { projectId, resourceId, spName } from '../ids.js'
import type { Event } from './event.js'

/**
 * Whether all texts of an event can be stored unchanged. JSON can contain half of a surrogate pair
 * (`"\ud800"`), which UTF-8 cannot encode. It would be read back as a different text with a different hash.
 */
export function isWellFormed(event: Event): boolean {
  return textsOf(event).every(text => text === null || text.isWellFormed())
}

/** The same event with U+FFFD for each unpaired half of a surrogate pair, as in UTF-8 encoders. */
export function toWellFormed(event: Event): Event {
  if (isWellFormed(event)) return event
  const { resource, project, parent, wire } = event
  return {
    ...event,
    serviceProvider: spName(event.serviceProvider.toWellFormed()),
    messageId: event.messageId.toWellFormed(),
    eventType: event.eventType.toWellFormed(),
    resource: resource && { ...resource, id: resourceId(resource.id.toWellFormed()) },
    project: project === null ? null : projectId(project.toWellFormed()),
    parent: parent === null ? null : resourceId(parent.toWellFormed()),
    wire: {
      ...wire,
      exchange: wire.exchange.toWellFormed(),
      routingKey: wire.routingKey.toWellFormed(),
    },
    body: event.body.toWellFormed(),
  }
}

function textsOf({ resource, wire, ...event }: Event): (string | null)[] {
  return [
    ...[event.serviceProvider, event.messageId, event.eventType, resource?.id ?? null],
    ...[event.project, event.parent, wire.exchange, wire.routingKey, event.body],
  ]
}
