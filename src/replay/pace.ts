import { setTimeout } from 'node:timers/promises'
import type { RecordedEvent } from '../event/event.js'

/** The original pauses are divided by this; Infinity for no pauses. */
type Speed = number

/**
 * Yield events with the pauses in which they were recorded, divided by a speed.
 *
 * @param signal ends it without an error
 */
export async function* paceEvents(
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
