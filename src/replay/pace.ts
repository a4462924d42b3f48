import { setTimeout } from 'node:timers/promises'
import type { RecordedEvent } from '../event/event.js'

/** Original spacing divided by this; Infinity for as fast as it goes. */
export type Speed = number

/**
 * Give events out with the spacing in which they were recorded, scaled.
 *
 * @param signal ends it quietly
 */
export async function* paced(
  events: Iterable<RecordedEvent>,
  speed: Speed,
  signal: AbortSignal,
): AsyncGenerator<RecordedEvent> {
  let first: number | undefined
  const begun = performance.now()
  for (const event of events) {
    first ??= event.recordedAt
    const due = begun + (event.recordedAt - first) / 1000 / speed
    const wait = due - performance.now()
    if (wait >= 1) await setTimeout(wait, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    yield event
  }
}
