import { safe, short } from './markup.js'

/** The size of all charts, in units of the SVG. */
export const WIDTH = 960
export const LEFT = 152
export const RIGHT = 16

const MINUTE = 60e6
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const STEPS = [
  ...[1, 5, 15, 30].map(each => each * MINUTE),
  ...[1, 3, 6, 12].map(each => each * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map(each => each * DAY),
]
const MOST_TICKS = 9

/** Maps a time to its x coordinate. It is the same in all charts, so that they can be compared. */
export function timeScale(from: number, until: number): (at: number) => number {
  const span = Math.max(1, until - from)
  const width = WIDTH - LEFT - RIGHT
  return at => LEFT + Math.min(1, Math.max(0, (at - from) / span)) * width
}

/** A time axis at round times: vertical lines with labels below. */
export function timeAxis(from: number, until: number, height: number): string {
  const x = timeScale(from, until)
  const span = until - from
  const step = STEPS.find(each => span / each <= MOST_TICKS) ?? span
  if (!(step > 0)) return ''
  const ticks: string[] = []
  for (let at = Math.ceil(from / step) * step; at <= until; at += step) {
    const place = short(x(at))
    ticks.push(
      `<line class="rule" x1="${place}" x2="${place}" y1="0" y2="${height}"/>` +
        `<text class="tick" x="${place}" y="${height + 18}" text-anchor="middle">${safe(tickText(at, step))}</text>`,
    )
  }
  return ticks.join('')
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

function tickText(at: number, step: number): string {
  const date = new Date(at / 1000)
  const day = `${date.getUTCDate()} ${months[date.getUTCMonth()]}`
  const clock = date.toISOString().slice(11, 16)
  if (step >= DAY) return day
  return clock === '00:00' ? day : clock
}

/** `23 Nov 2026, 13:20` in UTC. */
export function timeText(at: number): string {
  const date = new Date(at / 1000)
  const clock = date.toISOString().slice(11, 16)
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${clock}`
}

/** Whole numbers from 0 to beyond the maximum: 0, 20, 40, 60. */
export function countTicks(maximum: number): number[] {
  const rough = Math.max(1, maximum / 4)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, [1, 2, 5, 10].map(each => each * power).find(each => each >= rough) ?? 1)
  return Array.from(
    { length: Math.ceil(Math.max(1, maximum) / step) + 1 },
    (_, index) => index * step,
  )
}

const UNITS = [
  ['d', DAY],
  ['h', HOUR],
  ['min', MINUTE],
  ['s', 1e6],
] as const

/** A length of time with two digits: `5.6 h`. */
export function spanText(micros: number): string {
  const [unit, length] = UNITS.find(([, each]) => micros >= each) ?? ['s', 1e6]
  const value = micros / length
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ${unit}`
}
