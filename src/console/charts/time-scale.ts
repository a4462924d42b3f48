import { html, type Markup } from '../html-template.js'

/** A span of time that a chart shows. Microseconds. */
export interface TimeSpan {
  readonly from: number
  readonly until: number
}

const MINUTE = 60e6
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const STEPS = [
  ...[1, 5, 15, 30].map(each => each * 1e6),
  ...[1, 5, 15, 30].map(each => each * MINUTE),
  ...[1, 3, 6, 12].map(each => each * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map(each => each * DAY),
]
const MOST_TICKS = 8
/** Per cent from the ends, within which a label would extend beyond the chart. */
const EDGE = 5
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** The place of a time in per cent of the width, at most two decimals: `41.67%`. */
export function placeOf({ from, until }: TimeSpan, at: number): string {
  return `${percentOf({ from, until }, at)}%`
}

/** The length of a time in per cent of the width. */
export function lengthOf(span: TimeSpan, from: number, until: number): string {
  return `${Math.max(0, Math.round((percentOf(span, until) - percentOf(span, from)) * 100) / 100)}%`
}

function percentOf({ from, until }: TimeSpan, at: number): number {
  const part = (at - from) / Math.max(1, until - from)
  return Math.round(Math.min(1, Math.max(0, part)) * 10_000) / 100
}

/** The round times of an axis. */
function ticksOf({ from, until }: TimeSpan): { at: number; text: string }[] {
  const span = until - from
  const step = STEPS.find(each => span / each <= MOST_TICKS) ?? span
  if (!(step > 0)) return []
  const first = Math.ceil(from / step) * step
  return Array.from({ length: Math.floor((until - first) / step) + 1 }, (_, index) => {
    const at = first + index * step
    return { at, text: tickText(at, step) }
  })
}

function tickText(at: number, step: number): string {
  const date = new Date(at / 1000)
  const iso = date.toISOString()
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
  if (step >= DAY) return day
  if (step < MINUTE) return iso.slice(11, 19)
  const clock = iso.slice(11, 16)
  return clock === '00:00' ? day : clock
}

/** Vertical lines at the round times, behind the marks of a lane. */
export function drawRules(span: TimeSpan): Markup[] {
  return ticksOf(span).map(({ at }) => {
    const x = placeOf(span, at)
    return html`<line class="rule" x1="${x}" x2="${x}" y1="0" y2="100%"/>`
  })
}

/** The labels of the round times. On a narrow screen every second one is left out. */
export function drawAxis(span: TimeSpan): Markup {
  const texts = ticksOf(span).map(({ at, text }, index) => {
    const place = percentOf(span, at)
    const anchor = place < EDGE ? 'start' : place > 100 - EDGE ? 'end' : 'middle'
    return html`<text x="${place}%" y="1em" text-anchor="${anchor}"${
      index % 2 === 1 && html` class="minor"`
    }>${text}</text>`
  })
  return html`<svg class="axis" aria-hidden="true">${texts}</svg>`
}
