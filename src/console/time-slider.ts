import { formatTime } from '../event/time.js'
import { micros } from '../ids.js'
import type { TimeSpan } from './charts/time-scale.js'
import { html, type Markup } from './html-template.js'

/** A moment that the user chose with the slider. */
interface SliderMoment {
  /** Microseconds. */
  readonly span: TimeSpan
  readonly at: number
  readonly isNow: boolean
  /** For queries: `{ at: '2026-11-23T13:20:06.707170Z' }`, or nothing for now. */
  readonly point: { readonly at?: string }
}

const STEPS = 500

/** Read `?time=`, milliseconds since 1970. Without it, or beyond the end, it is now. */
export function readSlider(query: URLSearchParams, span: TimeSpan): SliderMoment {
  const time = query.get('time') ?? ''
  const chosen = /^\d{1,14}$/.test(time) ? Number(time) * 1000 : Number.POSITIVE_INFINITY
  const isNow = chosen >= span.until
  const at = isNow ? span.until : Math.max(span.from, chosen)
  return { span, at, isNow, point: isNow ? {} : { at: formatTime(micros(at)) } }
}

/**
 * A slider over a span of time. Without scripts its button loads the page of that moment.
 *
 * @param updates the ids of the parts of the page that show the moment
 */
export function showSlider(
  { span, at, isNow }: SliderMoment,
  updates: string,
  name: string,
): Markup {
  // The end must be a whole number of steps, or the slider could not be moved there.
  const from = Math.floor(span.from / 1000)
  const step = Math.max(1, Math.ceil((span.until / 1000 - from) / STEPS))
  const until = from + step * Math.ceil((span.until / 1000 - from) / step)
  const value = isNow ? until : Math.round(at / 1000)
  return html`<form class="slider" data-updates="${updates}">
<label for="time">${name} <output for="time">${isNow ? 'now' : moment(at)}</output></label>
<span><input id="time" name="time" type="range" min="${from}" max="${until}" step="${step}" value="${value}"> <button>Show</button></span>
</form>`
}

function moment(at: number): string {
  return formatTime(micros(Math.round(at)))
    .slice(0, 19)
    .replace('T', ' ')
}
