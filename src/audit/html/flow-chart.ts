import type { FlowChart } from '../report.js'
import { WIDTH } from './axis.js'
import { colours, count, label, safe, short } from './markup.js'

const EDGE = 190
const NODE = 12
const GAP = 14
const LEAST = 4

interface FlowEnd {
  readonly top: number
  readonly tall: number
  used: number
}

/** Ribbons from givers on the left to receivers on the right; their width is the count. */
export function drawFlowChart({ flows }: FlowChart): string {
  const total = flows.reduce((sum, flow) => sum + flow.count, 0)
  const scale = Math.max(LEAST, Math.min(14, 320 / Math.max(1, total)))
  const givers = places(flows, 'from', scale)
  const takers = places(flows, 'to', scale)
  const colourOf = colours(flows.map(({ from }) => from))
  const ribbons = flows.map(flow => {
    const [left, right] = [givers.get(flow.from), takers.get(flow.to)]
    if (!left || !right) return ''
    const tall = flow.count * scale
    const [one, other] = [left.top + left.used + tall / 2, right.top + right.used + tall / 2]
    left.used += tall
    right.used += tall
    const [begin, end] = [EDGE + NODE, WIDTH - EDGE - NODE]
    const middle = (begin + end) / 2
    return (
      `<path class="ribbon ${colourOf(flow.from)}" stroke-width="${short(tall)}" ` +
      `d="M${begin} ${short(one)}C${middle} ${short(one)} ${middle} ${short(other)} ${end} ${short(other)}">` +
      `<title>${count(flow.count)} from ${safe(flow.from)} to ${safe(flow.to)}</title></path>`
    )
  })
  const nodes = [
    ...[...givers].map(([name, place]) => node(name, place, 'left', colourOf(name))),
    ...[...takers].map(([name, place]) => node(name, place, 'right', 'neutral')),
  ]
  const height = Math.max(heightOf(givers), heightOf(takers), 1)
  return `<svg viewBox="0 -4 ${WIDTH} ${short(height + 8)}" role="img">${ribbons.join('')}${nodes.join('')}</svg>`
}

function places(
  flows: FlowChart['flows'],
  side: 'from' | 'to',
  scale: number,
): Map<string, FlowEnd> {
  const totals = new Map<string, number>()
  for (const flow of flows) totals.set(flow[side], (totals.get(flow[side]) ?? 0) + flow.count)
  let top = 0
  const found = new Map<string, FlowEnd>()
  for (const [name, sum] of [...totals].sort(([, one], [, other]) => other - one)) {
    const tall = sum * scale
    found.set(name, { top, tall, used: 0 })
    top += Math.max(tall, 14) + GAP
  }
  return found
}

function heightOf(nodes: ReadonlyMap<string, FlowEnd>): number {
  return Math.max(0, ...[...nodes.values()].map(({ top, tall }) => top + Math.max(tall, 14)))
}

function node(
  name: string,
  { top, tall, used }: FlowEnd,
  side: 'left' | 'right',
  colour: string,
): string {
  const x = side === 'left' ? EDGE : WIDTH - EDGE - NODE
  const text = side === 'left' ? x - 10 : x + NODE + 10
  const anchor = side === 'left' ? 'end' : 'start'
  const middle = short(top + tall / 2 + 4)
  return (
    `<g class="${colour}"><rect class="node" x="${x}" y="${short(top)}" width="${NODE}" height="${short(Math.max(used, 2))}" rx="2"/>` +
    `<text class="lane" x="${text}" y="${middle}" text-anchor="${anchor}">${safe(label(name))}<title>${safe(name)}</title></text></g>`
  )
}
