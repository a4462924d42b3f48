import { type Event, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import { formatTime } from '../event/time.js'
import type { Micros, SpName } from '../ids.js'

/** A period in which notifications may have been lost. */
export interface PossibleGap {
  /** null: since the end of the last recorder. */
  readonly from: Micros | null
  readonly to: Micros
}

/** What happened to a bus. Each becomes an event of the recorder in the log. */
export type BusChange =
  | { readonly type: 'busConnected'; readonly host: string }
  | { readonly type: 'busLost'; readonly reason: string }
  | { readonly type: 'queueDeclared'; readonly queue: string }
  | { readonly type: 'exchangeDurable'; readonly exchange: string }
  | { readonly type: 'exchangeTransient'; readonly exchange: string }
  | { readonly type: 'exchangeRedeclared'; readonly exchange: string }

/**
 * The event for a change of a bus. Its body is JSON: `{"host": "127.0.0.1:5672", "possible_gap":
 * {"from": "2026-…Z", "to": "2026-…Z"}}`, with the label of the bus as `bus` if it has one.
 *
 * @param gap null if no notification can be lost
 */
export function createBusEvent(
  { serviceProvider, label }: { readonly serviceProvider: SpName; readonly label: string },
  change: BusChange,
  at: Micros,
  gap: PossibleGap | null,
): Event {
  const { type, ...details } = change
  const bus = label === '' ? {} : { bus: label }
  return createOwnEvent({
    serviceProvider,
    source: 'recorder',
    eventType: ownEventTypes[type],
    emittedAt: at,
    ...('exchange' in change && { exchange: change.exchange }),
    routingKey: label,
    body: { ...details, ...bus, possible_gap: gap && printGap(gap) },
  })
}

function printGap({ from, to }: PossibleGap) {
  return { from: from && formatTime(from), to: formatTime(to) }
}
