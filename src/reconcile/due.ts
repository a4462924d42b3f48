import { type Event, ownEventTypes } from '../event/event.js'
import { position, type SpName } from '../ids.js'
import { parseJson, valueAt } from '../json.js'
import type { LogReader } from '../log/event-log.js'
import { findEvents } from '../log/find-events.js'

/** `[DEFAULT] reconcile`, unless it is `never`. */
type ReconcileMode = 'first' | 'gaps'

/**
 * Events of the recorder that mean that notifications may be lost for ever. A lost connection is not one
 * of them, because the queue kept the notifications.
 */
const gapTypes: readonly string[] = [
  ownEventTypes.queueDeclared,
  ownEventTypes.exchangeRedeclared,
  ownEventTypes.exchangeDurable,
  ownEventTypes.exchangeTransient,
]

/** Whether notifications may have been lost before this event. */
export function isGap({ source, eventType, body }: Event): boolean {
  if (source !== 'recorder' || !gapTypes.includes(eventType)) return false
  return (valueAt(parseJson(body), '/possible_gap') ?? null) !== null
}

/** Whether a cloud must be reconciled: it never was, or (with `gaps`) was not since the last gap. */
export function isDue(log: LogReader, cloud: SpName, mode: ReconcileMode): boolean {
  const [finished] = findEvents(log, cloud, ownEventTypes.reconcileFinished, position(0))
  if (finished === undefined) return true
  if (mode === 'first') return false
  return gapTypes.some(type =>
    findEvents(log, cloud, type, finished).some(at => {
      const event = log.get(at)
      return event !== undefined && isGap(event)
    }),
  )
}
