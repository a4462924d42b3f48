import type { IntervalChart, Mark } from '../report.js'
import { LEFT, RIGHT, timeAxis, timeScale, timeText, WIDTH } from './axis.js'
import { drawMarks, hatching } from './marks.js'
import { type ColourOf, label, legend, openSvg, safe, short } from './markup.js'

const LANE = 22

/**
 * Time intervals in lanes, before the silences and gaps of their clouds. An interval that is not over
 * extends to the right edge.
 */
export function drawIntervalChart(chart: IntervalChart, colourOf: ColourOf): string {
  const { from, until, lanes, marks } = chart
  const x = timeScale(from, until)
  const drawn = lanes.map(({ name, spans }, lane) => {
    const y = lane * LANE
    const bars = spans.map(span => {
      const end = span.until === null ? WIDTH - RIGHT : x(span.until)
      const width = Math.max(3, end - x(span.from))
      const when = `${timeText(span.from)} to ${span.until === null ? 'now' : timeText(span.until)}`
      return (
        `<rect class="span ${colourOf(span.cloud)}${span.until === null ? ' lasts' : ''}" x="${short(x(span.from))}" ` +
        `y="${y + 6}" width="${short(width)}" height="${LANE - 12}" rx="3"><title>${safe(span.says)}: ${when}</title></rect>`
      )
    })
    return (
      `<text class="lane" x="${LEFT - 12}" y="${y + 15}" text-anchor="end">${safe(label(name, 18))}<title>${safe(name)}</title></text>` +
      bars.join('')
    )
  })
  const height = Math.max(1, lanes.length) * LANE
  return (
    legend(
      lanes.flatMap(({ spans }) => spans.map(({ cloud }) => cloud)),
      colourOf,
    ) +
    `${openSvg(chart, `0 0 ${WIDTH} ${height + 28}`)}${hatching}` +
    `${drawBehind(lanes, marks, x)}${timeAxis(from, until, height)}${drawn.join('')}</svg>`
  )
}

/** Marks of neighbouring lanes of the same clouds are drawn as one: a page has thousands of them otherwise. */
function drawBehind(
  lanes: IntervalChart['lanes'],
  marks: readonly Mark[],
  x: (at: number) => number,
): string {
  const runs: { readonly clouds: string; readonly first: number; lanes: number }[] = []
  for (const [lane, { spans }] of lanes.entries()) {
    const clouds = JSON.stringify([...new Set(spans.map(({ cloud }) => cloud))].sort())
    const last = runs.at(-1)
    if (last?.clouds === clouds) last.lanes += 1
    else runs.push({ clouds, first: lane, lanes: 1 })
  }
  return runs
    .map(({ clouds, first, lanes }) => {
      const ofRun = marks.filter(({ cloud }) => clouds.includes(JSON.stringify(cloud)))
      return drawMarks(ofRun, x, { top: first * LANE + 2, height: lanes * LANE - 4 })
    })
    .join('')
}
