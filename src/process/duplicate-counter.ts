import type { Logger } from 'pino'
import { type Event, ownEventTypes, type RecordedEvent } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import { formatTime, now } from '../event/time.js'
import type { Micros, SpName } from '../ids.js'

/** Counts the notifications that a bus delivered again. */
interface DuplicateCounter extends Disposable {
  /** Count a batch: all its events, and the new ones that were recorded. */
  count(events: readonly Event[], recorded: readonly RecordedEvent[]): void
}

/**
 * Record how many notifications were delivered again. The log does not keep the duplicates themselves.
 * The recorder records one event with the number for each cloud, every minute and at the end. A number
 * that could not be recorded is kept for the next time.
 */
export function openDuplicateCounter(
  record: (events: readonly Event[]) => void,
  logger: Logger,
  intervalMs = 60_000,
): DuplicateCounter {
  const counts = new Map<SpName, number>()
  let since = now()
  const recordCounts = () => {
    if (counts.size === 0) return
    const until = now()
    try {
      record([...counts].map(([cloud, count]) => duplicatesEvent(cloud, count, since, until)))
      counts.clear()
      since = until
    } catch (err) {
      logger.warn(
        { err },
        'the counts of duplicate messages could not be recorded, trying again later',
      )
    }
  }
  const timer = setInterval(recordCounts, intervalMs).unref()
  return {
    count(events, recorded) {
      if (recorded.length === events.length) return
      for (const { serviceProvider } of events.filter(isFromBus)) add(serviceProvider, 1)
      for (const { serviceProvider } of recorded.filter(isFromBus)) add(serviceProvider, -1)
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      recordCounts()
    },
  }

  function add(cloud: SpName, more: number): void {
    const count = (counts.get(cloud) ?? 0) + more
    if (count === 0) counts.delete(cloud)
    else counts.set(cloud, count)
  }
}

function isFromBus({ source }: Event): boolean {
  return source === 'bus'
}

function duplicatesEvent(
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
