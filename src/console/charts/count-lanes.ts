import type { Appearance } from '../appearance.js'
import { showCloud, showCount } from '../elements.js'
import { html, type Markup } from '../html-template.js'
import { drawAxis, drawRules, placeOf, type TimeSpan } from './time-scale.js'

interface CountLane {
  readonly cloud: string
  /** Evenly over the span. */
  readonly counts: readonly number[]
  /** The count at the time of the slider. */
  readonly now: number
}

/** A lane for each cloud: how many resources it held over time, all with the same scale. */
export function drawCountLanes(
  { span, at, lanes }: { span: TimeSpan; at: number; lanes: readonly CountLane[] },
  appearance: Appearance,
): Markup {
  const most = Math.max(1, ...lanes.flatMap(({ counts }) => counts))
  const x = placeOf(span, at)
  const drawn = lanes.map(
    ({
      cloud,
      counts,
      now,
    }) => html`<span>${showCloud(cloud, appearance)} <strong>${showCount(now)}</strong></span>
<svg class="tall ${appearance.colourOf(cloud)}" role="img" aria-label="${cloud}: from ${counts[0] ?? 0} to ${counts.at(-1) ?? 0} resources, at most ${Math.max(0, ...counts)}">
<rect class="lane-ground" width="100%" height="100%" rx="4"/>${drawRules(span)}
<svg viewBox="0 0 ${Math.max(1, counts.length - 1)} 100" preserveAspectRatio="none" width="100%" height="100%"><path class="area-of" d="${areaOf(counts, most)}"/></svg>
<line class="at" x1="${x}" x2="${x}" y1="0" y2="100%"/></svg>`,
  )
  return html`<div class="lanes">${drawn}${drawAxis(span)}</div>
<p class="note">The height of a lane is ${showCount(most)} resources.</p>`
}

/** Steps, because a count changes at once. */
function areaOf(counts: readonly number[], most: number): string {
  const y = (count: number) => Math.round(1000 - (count / most) * 920) / 10
  const steps = counts.map((count, index) =>
    index === 0 ? `V${y(count)}` : `H${index}V${y(count)}`,
  )
  return `M0 100${steps.join('')}V100Z`
}
