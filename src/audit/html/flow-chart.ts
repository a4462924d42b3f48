import type { FlowChart } from '../report.js'
import { WIDTH } from './axis.js'
import { count, label, openSvg, safe, short } from './markup.js'

const EDGE = 230
const NODE = 12
const GAP = 14
/** Enough for the number of a flow. */
const LEAST = 15
/** The height of all flows together, if each has room for its number in it. */
const TALL = 260
/** The height of a single flow. */
const TALLEST = 64

interface FlowEnd {
  readonly top: number
  readonly tall: number
  readonly total: number
  used: number
}

/** Ribbons from givers on the left to receivers on the right; number and width are the count. */
export function drawFlowChart(chart: FlowChart): string {
  const { flows } = chart
  const total = flows.reduce((sum, flow) => sum + flow.count, 0)
  const tall = Math.min(TALL, flows.length * TALLEST)
  const tallOf = (flow: { count: number }) => Math.max(LEAST, (tall * flow.count) / total)
  const givers = places(flows, 'from', tallOf)
  const takers = places(flows, 'to', tallOf)
  const ribbons = flows.map(flow => {
    const [left, right] = [givers.get(flow.from), takers.get(flow.to)]
    if (!left || !right) return ''
    const tall = tallOf(flow)
    const [one, other] = [left.top + left.used + tall / 2, right.top + right.used + tall / 2]
    left.used += tall
    right.used += tall
    const [begin, end] = [EDGE + NODE, WIDTH - EDGE - NODE]
    const middle = (begin + end) / 2
    return (
      `<path class="ribbon" stroke-width="${short(tall - 1)}" ` +
      `d="M${begin} ${short(one)}C${middle} ${short(one)} ${middle} ${short(other)} ${end} ${short(other)}">` +
      `<title>${count(flow.count)} from ${safe(flow.from)} to ${safe(flow.to)}</title></path>` +
      `<text class="flow" x="${begin + 6}" y="${short(one + 4)}">${count(flow.count)}</text>` +
      `<text class="flow" x="${end - 6}" y="${short(other + 4)}" text-anchor="end">${count(flow.count)}</text>`
    )
  })
  const nodes = [
    ...[...givers].map(([name, place]) => node(name, place, 'left')),
    ...[...takers].map(([name, place]) => node(name, place, 'right')),
  ]
  const height = Math.max(heightOf(givers), heightOf(takers), 1)
  return `${openSvg(chart, `0 -4 ${WIDTH} ${short(height + 8)}`)}${ribbons.join('')}${nodes.join('')}</svg>`
}

function places(
  flows: FlowChart['flows'],
  side: 'from' | 'to',
  tallOf: (flow: { count: number }) => number,
): Map<string, FlowEnd> {
  const totals = new Map<string, { tall: number; total: number }>()
  for (const flow of flows) {
    const { tall, total } = totals.get(flow[side]) ?? { tall: 0, total: 0 }
    totals.set(flow[side], { tall: tall + tallOf(flow), total: total + flow.count })
  }
  let top = 0
  const found = new Map<string, FlowEnd>()
  for (const [name, sum] of [...totals].sort(([, one], [, other]) => other.total - one.total)) {
    found.set(name, { ...sum, top, used: 0 })
    top += sum.tall + GAP
  }
  return found
}

function heightOf(nodes: ReadonlyMap<string, FlowEnd>): number {
  return Math.max(0, ...[...nodes.values()].map(({ top, tall }) => top + tall))
}

function node(name: string, { top, tall, total }: FlowEnd, side: 'left' | 'right'): string {
  const x = side === 'left' ? EDGE : WIDTH - EDGE - NODE
  const text = side === 'left' ? x - 10 : x + NODE + 10
  const anchor = side === 'left' ? 'end' : 'start'
  const verb = side === 'left' ? 'gave' : 'received'
  return (
    `<rect class="node" x="${x}" y="${short(top)}" width="${NODE}" height="${short(tall)}" rx="2"/>` +
    `<text class="lane" x="${text}" y="${short(top + tall / 2 + 4)}" text-anchor="${anchor}">` +
    `${safe(label(name))} ${verb} ${count(total)}<title>${safe(name)} ${verb} ${count(total)}</title></text>`
  )
}
