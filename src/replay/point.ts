import { MixmatchError } from '../errors.js'
import { formatTime, parseTime } from '../event/time.js'
import { type Micros, type Position, position } from '../ids.js'
import type { LogReader } from '../log/log.js'

/** A point in history: right after the event at a position, or whatever was recorded until a time. */
export type Point = { readonly position: Position } | { readonly time: Micros }

/**
 * Read `4182`, `2026-11-23`, `2026-11-23T13:20` or any fuller time; UTC where it does not say.
 *
 * @throws USAGE
 */
export function parsePoint(text: string): Point {
  if (/^\d{1,15}$/.test(text)) return { position: position(Number(text)) }
  const time = parseTime(filledUp(text))
  if (time !== null) return { time }
  throw new MixmatchError(
    'USAGE',
    `"${text}": expected a position such as 4182, or a time such as 2026-11-23T13:20:00Z.`,
  )
}

/** People leave the end of a time away: the seconds, or the hour as well. */
function filledUp(text: string): string {
  const [, day = text, minutes = '', rest = ''] =
    /^(\d{4}-\d\d-\d\d)([ T]\d\d:\d\d)?(z|[+-]\d\d:?\d\d)?$/i.exec(text.trim()) ?? []
  return day === text && minutes === '' && !/^\d{4}-\d\d-\d\d$/.test(text)
    ? text
    : `${day}${minutes || 'T00:00'}:00${rest}`
}

/** As a person reads it. */
export function formatPoint(point: Point): string {
  return 'time' in point ? formatTime(point.time) : `position ${point.position}`
}

/**
 * The last event of a point: what was known then. Times in a log never run backwards, so a time is
 * found by halving, in some twenty reads.
 *
 * @returns the log's head for a point beyond it, its base for one before it
 */
export function positionAt(log: LogReader, point: Point): Position {
  const head = log.head().position
  const base = log.base().position
  if ('position' in point) return position(Math.max(base, Math.min(point.position, head)))
  const recordedAt = log.db
    .prepare<[number], number>('select recorded_at from events where position = ?')
    .pluck()
  let known: number = base
  let unknown = head + 1
  while (unknown - known > 1) {
    const middle = Math.floor((known + unknown) / 2)
    if ((recordedAt.get(middle) ?? 0) <= point.time) known = middle
    else unknown = middle
  }
  return position(known)
}
