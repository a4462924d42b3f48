import { type Micros, micros } from '../ids.js'

const ISO = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?$/i

/**
 * Parse a timestamp of OpenStack: `2026-11-23 13:20:06.707170` (oslo.messaging: UTC without a zone),
 * `…T13:20:06Z`, `…+00:00`. The fraction may be missing.
 *
 * @returns null if the text is no such time, or is before 1684 or after 2255, where microseconds are no
 *   longer safe integers
 */
export function parseTime(text: string): Micros | null {
  const match = ISO.exec(text.trim())
  if (!match) return null
  const [, date, time, fraction = '', zone = 'Z'] = match
  const seconds = Date.parse(`${date}T${time}${/^z$/i.test(zone) ? 'Z' : zone}`) / 1000
  const at = seconds * 1e6 + Number(fraction.padEnd(6, '0').slice(0, 6))
  return Number.isSafeInteger(at) ? micros(at) : null
}

/** `1795440006707170` → `2026-11-23T13:20:06.707170Z`. */
export function formatTime(time: Micros): string {
  const whole = Math.floor(time / 1e6)
  const fraction = String(time - whole * 1e6).padStart(6, '0')
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${fraction}Z`
}

/** The time now, to the millisecond, in microseconds. */
export function now(): Micros {
  return micros(Date.now() * 1000)
}
