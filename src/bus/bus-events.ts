import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import { formatTime } from '../event/time.js'
import type { Micros, SpName } from '../ids.js'

/** A stretch of time in which notifications may have been published that nobody kept for us. */
export interface Gap {
  /** null: since a recorder last ran. */
  readonly from: Micros | null
  readonly to: Micros
}

/** What the recorder says of a bus, as the event that it puts into the log. */
export type Fact =
  | { readonly type: 'busConnected'; readonly host: string }
  | { readonly type: 'busLost'; readonly reason: string }
  | { readonly type: 'queueDeclared'; readonly queue: string }
  | { readonly type: 'exchangeDurable'; readonly exchange: string }
  | { readonly type: 'exchangeTransient'; readonly exchange: string }
  | { readonly type: 'exchangeRedeclared'; readonly exchange: string }

/**
 * Its body is JSON: `{"host": "127.0.0.1:5672", "possible_gap": {"from": "2026-…Z", "to": "2026-…Z"}}`,
 * and the label of the bus as `bus` where it has one.
 *
 * @param gap null where nothing can have been missed
 */
export function factEvent(
  { serviceProvider, label }: { readonly serviceProvider: SpName; readonly label: string },
  fact: Fact,
  at: Micros,
  gap: Gap | null,
): Event {
  const { type, ...details } = fact
  const bus = label === '' ? {} : { bus: label }
  return createOwnEvent({
    serviceProvider,
    source: 'recorder',
    eventType: ownEventTypes[type],
    emittedAt: at,
    ...('exchange' in fact && { exchange: fact.exchange }),
    routingKey: label,
    body: { ...details, ...bus, possible_gap: gap && printGap(gap) },
  })
}

function printGap({ from, to }: Gap) {
  return { from: from && formatTime(from), to: formatTime(to) }
}
