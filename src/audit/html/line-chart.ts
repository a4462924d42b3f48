import type { LineChart } from '../report.js'
import { countTicks, LEFT, RIGHT, timeAxis, timeScale, WIDTH } from './axis.js'
import { drawMarks, hatching } from './marks.js'
import { type ColourOf, count, legend, openSvg, safe, short } from './markup.js'

const HEIGHT = 260

/** Stepped lines over time before silences and gaps; the legend has the last values. */
export function drawLineChart(chart: LineChart, colourOf: ColourOf): string {
  const { from, until, lines, marks } = chart
  const ticks = countTicks(Math.max(0, ...lines.flatMap(({ values }) => values)))
  const top = ticks.at(-1) ?? 1
  const y = (value: number) => HEIGHT - (Math.max(0, value) / top) * (HEIGHT - 12)
  const x = timeScale(from, until)
  const rules = ticks.map(
    tick =>
      `<line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${short(y(tick))}" y2="${short(y(tick))}"/>` +
      `<text class="tick" x="${LEFT - 10}" y="${short(y(tick) + 4)}" text-anchor="end">${count(tick)}</text>`,
  )
  const drawn = lines.map(({ name, values }) => {
    const step = (until - from) / Math.max(1, values.length - 1)
    const path = values
      .map((value, point) => {
        const place = short(x(from + point * step))
        return point === 0 ? `M${place} ${short(y(value))}` : `H${place}V${short(y(value))}`
      })
      .join('')
    return (
      `<g class="${colourOf(name)}"><path class="area" d="${path}V${HEIGHT}H${LEFT}Z"/>` +
      `<path class="line" d="${path}"><title>${safe(name)}</title></path></g>`
    )
  })
  const last = new Map(lines.map(({ name, values }) => [name, values.at(-1) ?? 0]))
  return (
    legend([...last.keys()], colourOf, name => ` ${count(last.get(name) ?? 0)}`) +
    `${openSvg(chart, `0 -8 ${WIDTH} ${HEIGHT + 36}`)}${hatching}` +
    `<g class="doubt">${drawMarks(marks, x, { top: 0, height: HEIGHT })}</g>` +
    `${rules.join('')}${timeAxis(from, until, HEIGHT)}${drawn.join('')}</svg>`
  )
}
