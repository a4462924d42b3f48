import { setTimeout } from 'node:timers/promises'
import type { RecordedEvent } from '../event/event.js'

/** The recorded pauses are divided by this number; Infinity for no pauses. */
type Speed = number

/**
 * Yield events with their recorded pauses, divided by a speed.
 *
 * @param signal ends the iteration without an error
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
