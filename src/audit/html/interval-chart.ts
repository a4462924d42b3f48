import type { IntervalChart } from '../report.js'
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
    const clouds = new Set(spans.map(({ cloud }) => cloud))
    const behind = marks.filter(({ cloud }) => clouds.has(cloud))
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
      `${drawMarks(behind, x, { top: y + 2, height: LANE - 4 })}` +
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
    `${timeAxis(from, until, height)}${drawn.join('')}</svg>`
  )
}
