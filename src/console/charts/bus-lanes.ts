import type { Appearance } from '../appearance.js'
import { showCloud, showCount } from '../elements.js'
import { html, type Markup } from '../html-template.js'
import { drawAxis, drawRules, lengthOf, placeOf, type TimeSpan } from './time-scale.js'

/** The events of one cloud over time, with the silences and gaps of its buses. Times are microseconds. */
export interface BusLane {
  readonly cloud: string
  /** The number of events in each column of the time axis that has some; null if the viewer may not see it. */
  readonly columns: readonly { readonly column: number; readonly events: number }[] | null
  readonly marks: readonly BusMark[]
}

interface BusMark {
  readonly kind: 'silence' | 'gap'
  readonly from: number
  readonly until: number
  readonly says: string
}

/** A lane for each cloud on one time axis: bars for events, hatched silences, red gaps behind them. */
export function drawBusLanes(
  { span, columns, lanes }: { span: TimeSpan; columns: number; lanes: readonly BusLane[] },
  appearance: Appearance,
): Markup {
  const counts = lanes.flatMap(({ columns }) => (columns ?? []).map(({ events }) => events))
  const most = Math.max(1, ...counts)
  const width = 100 / Math.max(1, columns)
  const drawn = lanes.map(lane => {
    const { cloud, marks } = lane
    const total = lane.columns?.reduce((sum, { events }) => sum + events, 0)
    const says = total === undefined ? '' : `${total} events, `
    const count = (kind: BusMark['kind']) => marks.filter(mark => mark.kind === kind).length
    const bars = (lane.columns ?? []).map(({ column, events }) => {
      // The square root, so that few events are visible beside many.
      const tall = Math.max(4, 96 * Math.sqrt(events / most))
      return html`<rect class="bar-of" x="${round(column * width)}%" y="${round(100 - tall)}%" width="${round(width * 0.86)}%" height="${round(tall)}%"><title>${showCount(events)} events</title></rect>`
    })
    return html`<span>${showCloud(cloud, appearance)} <strong>${total === undefined ? '' : showCount(total)}</strong></span>
<svg class="tall ${appearance.colourOf(cloud)}" role="img" aria-label="${cloud}: ${says}${count('silence')} silences, ${count('gap')} gaps">
<rect class="lane-ground" width="100%" height="100%" rx="4"/>${drawRules(span)}${marks.map(mark => drawMark(mark, span))}${bars}</svg>`
  })
  return html`<svg class="hidden" aria-hidden="true"><defs><pattern id="silence" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" x2="0" y1="0" y2="6"/></pattern></defs></svg>
<div class="lanes">${drawn}${drawAxis(span)}</div>
<ul class="legend">${lanes.some(({ columns }) => columns === null) && html`<li>events are not shown: they are those of all projects</li>`}${counts.length > 0 && html`<li><i class="none"></i>events, at most ${showCount(most)} in a column</li>`}<li><svg class="swatch" aria-hidden="true"><rect class="silence" width="100%" height="100%"/></svg>silence</li><li><svg class="swatch" aria-hidden="true"><rect class="gap" width="100%" height="100%"/></svg>gap: notifications may be missing</li></ul>`
}

function drawMark({ kind, from, until, says }: BusMark, span: TimeSpan): Markup {
  const x = placeOf(span, from)
  return html`<g class="${kind}"><title>${says}</title><rect x="${x}" y="0" width="${lengthOf(span, from, until)}" height="100%"/>${
    kind === 'gap' && html`<rect x="${x}" y="0" width="2" height="100%"/>`
  }</g>`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
