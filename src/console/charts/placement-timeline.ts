import type { Appearance } from '../appearance.js'
import { showCloud } from '../elements.js'
import { html, type Markup } from '../html-template.js'
import { drawAxis, drawRules, lengthOf, placeOf, type TimeSpan } from './time-scale.js'

/** A time in which a cloud held the resource. Microseconds. */
interface HeldTime {
  readonly cloud: string
  readonly from: number
  /** null if it is not over. */
  readonly until: number | null
  readonly owner: string
}

interface EventMark {
  readonly cloud: string
  readonly at: number
  readonly kind: string
  /** `4182: volume.create.end`. */
  readonly says: string
}

interface Timeline {
  readonly span: TimeSpan
  readonly held: readonly HeldTime[]
  readonly marks: readonly EventMark[]
  /** The time of the slider. */
  readonly at: number
}

/** A lane for each cloud: the times in which it held the resource, and a mark for each event. */
export function drawTimeline({ span, held, marks, at }: Timeline, appearance: Appearance): Markup {
  const clouds = [...new Set([...held, ...marks].map(({ cloud }) => cloud))]
  const lanes = clouds.map(cloud => {
    const spans = held.filter(each => each.cloud === cloud)
    const own = marks.filter(each => each.cloud === cloud)
    const x = placeOf(span, at)
    return html`<span>${showCloud(cloud, appearance)}</span>
<svg class="${appearance.colourOf(cloud)}" role="img" aria-label="${cloud}: ${own.length} events, held ${spans.length} times">
<rect class="lane-ground" width="100%" height="100%" rx="4"/>${drawRules(span)}
${spans.map(each => drawHeld(each, span))}
${own.map(
  ({ at, kind, says }) =>
    html`<circle class="mark ${kind}" cx="${placeOf(span, at)}" cy="50%" r="${kind === 'noted' ? 3 : 5}"><title>${says}</title></circle>`,
)}
<line class="at" x1="${x}" x2="${x}" y1="-3" y2="100%"/></svg>`
  })
  return html`<div class="lanes">${lanes}${drawAxis(span)}</div>`
}

function drawHeld({ from, until, owner }: HeldTime, span: TimeSpan): Markup {
  const end = until ?? span.until
  const x = placeOf(span, from)
  return html`<g class="span-of"><title>${owner}</title><rect x="${x}" y="25%" width="${lengthOf(
    span,
    from,
    end,
  )}" height="50%" rx="3"/><rect x="${x}" y="25%" width="2" height="50%"/></g>`
}
