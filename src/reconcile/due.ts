import { type Event, ownEventTypes } from '../event/event.js'
import { position, type SpName } from '../ids.js'
import { parseJson, valueAt } from '../json.js'
import type { LogReader } from '../log/log.js'

/** `[DEFAULT] reconcile`, where it is not `never`. */
export type Occasion = 'first' | 'gaps'

/**
 * What the recorder says when notifications may be lost for good. A bus that was lost and is back
 * is none of them: its queue kept what came meanwhile.
 */
const gapTypes: readonly string[] = [
  ownEventTypes.queueDeclared,
  ownEventTypes.exchangeRedeclared,
  ownEventTypes.exchangeDurable,
  ownEventTypes.exchangeTransient,
]

/** Whether an event tells of a time in which notifications may have been lost. */
export function isGap({ source, eventType, body }: Event): boolean {
  if (source !== 'recorder' || !gapTypes.includes(eventType)) return false
  return (valueAt(parseJson(body), '/possible_gap') ?? null) !== null
}

/** Whether a cloud is to be reconciled by what its log says: it never was, or not since a gap. */
export function isDue(log: LogReader, cloud: SpName, occasion: Occasion): boolean {
  const positions = log.db
    .prepare<[string, string, number], number>(
      `select position from events
      where service_provider = (select id from service_providers where name = ?)
        and event_type = (select id from event_types where name = ?) and position > ?
      order by position desc`,
    )
    .pluck()
  const finished = positions.get(cloud, ownEventTypes.reconcileFinished, 0)
  if (finished === undefined) return true
  if (occasion === 'first') return false
  return gapTypes.some(type =>
    positions.all(cloud, type, finished).some(at => {
      const event = log.get(position(at))
      return event !== undefined && isGap(event)
    }),
  )
}
