import { MixmatchError } from '../errors.js'
import { formatTime, now, parseTime } from '../event/time.js'
import { type Micros, micros, type Position, position } from '../ids.js'
import type { LogReader } from '../log/event-log.js'

/** A point in history: right after the event at a position, or after the last event up to a time. */
export type Point = { readonly position: Position } | { readonly time: Micros }

/** The accepted forms of a point, for help and messages. */
export const POINT_FORMS =
  'a position such as 4182, or a time: 2026-11-23T13:20 (UTC), 2026-11-23T14:20+01:00, -5m, "1h ago", "yesterday 05:59"'

/**
 * Parse a point. A time without a zone is UTC. It may lack seconds, or be only a date.
 *
 * @param at the current time, for `-5m` and `yesterday`
 * @throws USAGE
 */
export function parsePoint(text: string, at: Micros = now()): Point {
  const trimmed = text.trim()
  if (/^\d{1,15}$/.test(trimmed)) return { position: position(Number(trimmed)) }
  const time = timeAgo(trimmed, at) ?? timeOfDay(trimmed, at) ?? parseTime(withSeconds(trimmed))
  if (time !== null) return { time }
  throw new MixmatchError('USAGE', `"${text}": expected ${POINT_FORMS}.`)
}

const microsOf: Readonly<Record<string, number>> = {
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86_400e6,
  w: 604_800e6,
}

const AGO =
  /^(-?)(\d{1,9}(?:\.\d{1,6})?) ?(s|m|h|d|w|secs?|seconds?|mins?|minutes?|hours?|days?|weeks?)( ago)?$/i

/** `-5m`, `1h ago`, `2 days ago`, `now`. */
function timeAgo(text: string, at: Micros): Micros | null {
  if (text.toLowerCase() === 'now') return at
  const [, minus, count, unit = '', ago] = AGO.exec(text) ?? []
  if ((minus === '-') === (ago !== undefined)) return null // one of them, not both
  return micros(at - Math.round(Number(count) * (microsOf[unit.charAt(0).toLowerCase()] ?? 0)))
}

const ZONE = String.raw`z|[+-]\d\d:?\d\d`
const DAY = new RegExp(String.raw`^(today|yesterday)(?:[ T](\d\d:\d\d)(:\d\d)?)? ?(${ZONE})?$`, 'i')

/** `today`, `yesterday 05:59`, in the given zone or UTC. */
function timeOfDay(text: string, at: Micros): Micros | null {
  const [, day, minutes = '00:00', seconds = ':00', zone = 'Z'] = DAY.exec(text) ?? []
  if (day === undefined) return null
  const daysAgo = day.toLowerCase() === 'yesterday' ? 1 : 0
  const local = micros(at + offsetOf(zone) - daysAgo * 86_400e6)
  return parseTime(`${formatTime(local).slice(0, 10)}T${minutes}${seconds}${zone}`)
}

/** `+01:30` in microseconds. */
function offsetOf(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  const offset = Number(hours ?? 0) * 3600e6 + Number(minutes ?? 0) * 60e6
  return sign === '-' ? -offset : offset
}

/** Complete a time without seconds, or a date without a time. */
function withSeconds(text: string): string {
  const [, day = text, minutes = '', rest = ''] =
    /^(\d{4}-\d\d-\d\d)([ T]\d\d:\d\d)?(z|[+-]\d\d:?\d\d)?$/i.exec(text) ?? []
  return day === text && minutes === '' && !/^\d{4}-\d\d-\d\d$/.test(text)
    ? text
    : `${day}${minutes || 'T00:00'}:00${rest}`
}

/** Format a point for people. */
export function formatPoint(point: Point): string {
  return 'time' in point ? formatTime(point.time) : `position ${point.position}`
}

/**
 * The position of the last event up to a point. Recorded times never go backwards, so a binary search
 * finds a time in about twenty reads.
 *
 * @returns the head of the log for a later time, the base of the log for an earlier one
 * @throws USAGE for a position that is not in the log
 */
export function positionAt(log: LogReader, point: Point): Position {
  const head = log.head().position
  const base = log.base().position
  if ('position' in point) return requirePosition(log, point.position)
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

/**
 * The position of a point from which on something is wanted. For a time, that of the first event recorded
 * at this time or later. Throws as `positionAt`.
 */
export function firstPositionAt(log: LogReader, point: Point): Position {
  if ('position' in point) return position(Math.max(1, positionAt(log, point)))
  return position(positionAt(log, { time: micros(point.time - 1) }) + 1)
}

/**
 * Check that a given position is in the log. 0 means the beginning.
 *
 * @throws USAGE
 */
export function requirePosition(log: LogReader, named: number): Position {
  const head = log.head().position
  const base = log.base()
  if (named > head) {
    throw new MixmatchError(
      'USAGE',
      `position ${named}: the log ends with event ${head} (${log.file}).${perhapsTime(named)}`,
    )
  }
  if (named > 0 && named < base.position) {
    throw new MixmatchError(
      'USAGE',
      `position ${named}: the history begins after event ${base.position}; what was before is in ${base.archive}.`,
    )
  }
  return position(Math.max(base.position, named))
}

/** A hint if a position looks like seconds since 1970: such numbers are far larger than any log. */
function perhapsTime(named: number): string {
  const seconds = named > 1e14 ? named / 1e6 : named > 1e11 ? named / 1e3 : named
  if (seconds < 1e9 || seconds > 1e10) return ''
  const time = formatTime(micros(Math.round(seconds * 1e6)))
  return ` If you mean seconds since 1970, write the time: ${time}`
}
