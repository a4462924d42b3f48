import type { Logger } from 'pino'
import { type Event, ownEventTypes, type RecordedEvent } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import { formatTime, now } from '../event/time.js'
import type { Micros, SpName } from '../ids.js'

/** Keeps count of the notifications that came again. */
export interface Absorbed extends Disposable {
  /** Told of each batch: what was to be appended, and what of it was new. */
  count(events: readonly Event[], recorded: readonly RecordedEvent[]): void
}

/**
 * What was delivered again leaves no trace in the log but a count: an event of the recorder's own for
 * each cloud, noted down now and then and at the end, so that who has the log alone can tell. A count
 * that could not be noted down is kept for the next time.
 */
export function countAbsorbed(
  record: (events: readonly Event[]) => void,
  logger: Logger,
  intervalMs = 60_000,
): Absorbed {
  const counts = new Map<SpName, number>()
  let since = now()
  const note = () => {
    if (counts.size === 0) return
    const until = now()
    try {
      record([...counts].map(([cloud, count]) => absorbedEvent(cloud, count, since, until)))
      counts.clear()
      since = until
    } catch (err) {
      logger.warn({ err }, 'how many messages came again could not be noted down')
    }
  }
  const timer = setInterval(note, intervalMs).unref()
  return {
    count(events, recorded) {
      if (recorded.length === events.length) return
      for (const { serviceProvider } of events.filter(isHeard)) add(serviceProvider, 1)
      for (const { serviceProvider } of recorded.filter(isHeard)) add(serviceProvider, -1)
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      note()
    },
  }

  function add(cloud: SpName, more: number): void {
    const count = (counts.get(cloud) ?? 0) + more
    if (count === 0) counts.delete(cloud)
    else counts.set(cloud, count)
  }
}

function isHeard({ source }: Event): boolean {
  return source === 'bus'
}

function absorbedEvent(
  serviceProvider: SpName,
  count: number,
  since: Micros,
  until: Micros,
): Event {
  return createOwnEvent({
    serviceProvider,
    source: 'recorder',
    eventType: ownEventTypes.duplicatesAbsorbed,
    emittedAt: until,
    body: { absorbed: count, since: formatTime(since), until: formatTime(until) },
  })
}
