import type { IntervalChart } from '../report.js'
import { LEFT, timeAxis, timeScale, timeText, WIDTH } from './axis.js'
import { colours, label, legend, safe, short } from './markup.js'

const LANE = 22
const MARGIN = 16

/** Time intervals in lanes. An interval that is not over extends to the right edge. */
export function drawIntervalChart({ from, until, lanes }: IntervalChart): string {
  const groups = lanes.flatMap(({ spans }) => spans.map(({ group }) => group))
  const colourOf = colours(groups)
  const x = timeScale(from, until, MARGIN)
  const drawn = lanes.map(({ name, spans }, lane) => {
    const y = lane * LANE
    const bars = spans.map(span => {
      const end = span.until === null ? WIDTH - MARGIN : x(span.until)
      const width = Math.max(3, end - x(span.from))
      const when = `${timeText(span.from)} to ${span.until === null ? 'now' : timeText(span.until)}`
      return (
        `<rect class="span ${colourOf(span.group)}${span.until === null ? ' lasts' : ''}" x="${short(x(span.from))}" ` +
        `y="${y + 4}" width="${short(width)}" height="${LANE - 8}" rx="3"><title>${safe(span.says)}: ${when}</title></rect>`
      )
    })
    return (
      `<text class="lane" x="${LEFT - 12}" y="${y + 15}" text-anchor="end">${safe(label(name, 18))}<title>${safe(name)}</title></text>` +
      bars.join('')
    )
  })
  const height = Math.max(1, lanes.length) * LANE
  return (
    legend(groups) +
    `<svg viewBox="0 0 ${WIDTH} ${height + 28}" role="img">${timeAxis(from, until, height, MARGIN)}${drawn.join('')}</svg>`
  )
}
