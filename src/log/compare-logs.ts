import type { RecordedEvent } from '../event/event.js'
import { type Position, position } from '../ids.js'
import type { LogReader } from './event-log.js'

/** The result of comparing two logs. */
interface Comparison {
  /** The last position that both have and where they agree; 0 if they agree nowhere. */
  readonly agreeUpTo: Position
  /** Where they differ; null if one log is the beginning of the other. */
  readonly difference: Difference | null
}

export interface Difference {
  /** The first position that differs. */
  readonly position: Position
  /** The events there; null if one log begins after it, so that they may also differ earlier. */
  readonly events: readonly [RecordedEvent, RecordedEvent] | null
}

/**
 * Compare two logs by their hashes. A hash covers all events before it, so logs that agree at one position agree at all
 * earlier ones, and the first difference is found without reading the events before it.
 *
 * @returns null if no position is in both, because one begins after the end of the other
 */
export function compareLogs(one: LogReader, other: LogReader): Comparison | null {
  const first = Math.max(one.base().position, other.base().position)
  const last = Math.min(one.head().position, other.head().position)
  if (first > last) return null
  const agreeAt = (at: number) => hashAt(one, at) === hashAt(other, at)
  if (agreeAt(last)) return { agreeUpTo: position(last), difference: null }
  if (!agreeAt(first)) {
    return { agreeUpTo: position(0), difference: { position: position(first), events: null } }
  }

  let differs = last
  let agrees = first
  while (differs - agrees > 1) {
    const middle = Math.floor((agrees + differs) / 2)
    if (agreeAt(middle)) agrees = middle
    else differs = middle
  }
  const [left, right] = [one, other].map(log => log.get(position(differs)))
  return {
    agreeUpTo: position(agrees),
    difference: { position: position(differs), events: left && right ? [left, right] : null },
  }
}

function hashAt(log: LogReader, at: number): string | undefined {
  const base = log.base()
  return at === base.position ? base.hash : log.get(position(at))?.hash
}
