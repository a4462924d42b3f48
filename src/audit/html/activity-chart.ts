import type { ActivityChart } from '../report.js'
import { countTicks, LEFT, RIGHT, spanText, timeAxis, timeScale, timeText, WIDTH } from './axis.js'
import { drawMarks, hatching } from './marks.js'
import { type ColourOf, count, label, openSvg, safe, short } from './markup.js'

const LANE = 72
const BAR = 48

/** A lane for each bus: bars for its notifications before hatched silences and red gaps. */
export function drawActivityChart(chart: ActivityChart, colourOf: ColourOf): string {
  const { from, until, unit, lanes, marks } = chart
  const height = Math.max(1, lanes.length) * LANE
  const x = timeScale(from, until)
  const top = topOf(chart)
  const drawn = lanes.map(({ name, counts }, lane) => {
    const base = lane * LANE + BAR + 14
    const width = (WIDTH - LEFT - RIGHT) / Math.max(1, counts.length)
    const bars = counts.map((value, index) => {
      if (value === 0) return ''
      const tall = Math.max(1.5, (BAR * value) / top) // a single notification is also visible
      const begun = from + ((until - from) * index) / counts.length
      return (
        `<rect class="bar" x="${short(LEFT + index * width)}" y="${short(base - tall)}" ` +
        `width="${short(Math.max(0.6, width - 0.8))}" height="${short(tall)}">` +
        `<title>${safe(name)}, from ${timeText(begun)}: ${count(value)} ${safe(unit)}</title></rect>`
      )
    })
    const ofCloud = marks.filter(({ cloud }) => cloud === name)
    return (
      `<g class="${colourOf(name)}">${drawMarks(ofCloud, x, { top: base - BAR, height: BAR })}` +
      `<line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${base - BAR}" y2="${base - BAR}"/>` +
      `<line class="base" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${base}" y2="${base}"/>${bars.join('')}` +
      `<text class="tick" x="${LEFT - 8}" y="${base - BAR + 4}" text-anchor="end">${count(top)}</text>` +
      `<text class="tick" x="${LEFT - 8}" y="${base}" text-anchor="end">0</text>` +
      `<text class="lane" x="${LEFT - 44}" y="${base - BAR / 2 + 4}" text-anchor="end">${safe(label(name, 12))}` +
      `<title>${safe(name)}</title></text></g>`
    )
  })
  return (
    `${openSvg(chart, `0 0 ${WIDTH} ${height + 28}`)}${hatching}` +
    `${timeAxis(from, until, height)}${drawn.join('')}</svg>`
  )
}

/** `A bar is 5.6 h; the scale ends at 60 notifications.` */
export function describeScale(chart: ActivityChart): string {
  const { from, until, unit, lanes } = chart
  const bars = Math.max(1, lanes[0]?.counts.length ?? 1)
  return `A bar is ${spanText((until - from) / bars)}; the scale ends at ${count(topOf(chart))} ${unit} for each bar.`
}

/** The end of the scale, which is the same for all lanes. */
function topOf({ lanes }: ActivityChart): number {
  const most = lanes.reduce((max, { counts }) => Math.max(max, ...counts), 1)
  return countTicks(most).at(-1) ?? 1
}
