import type { ActivityChart, Mark } from '../report.js'
import { LEFT, timeAxis, timeScale, timeText, WIDTH } from './axis.js'
import { colours, count, label, safe, short } from './markup.js'

const LANE = 56
const BAR = 40
const MARGIN = 16

/** A lane for each bus: bars for its notifications, hatched silences, red gaps. */
export function drawActivityChart({ from, until, lanes }: ActivityChart): string {
  const height = Math.max(1, lanes.length) * LANE
  const colourOf = colours(lanes.map(({ name }) => name))
  const x = timeScale(from, until, MARGIN)
  const most = Math.max(1, ...lanes.flatMap(({ counts }) => counts))
  const drawn = lanes.map(({ name, counts, marks }, lane) => {
    const base = lane * LANE + BAR + 8
    const width = (WIDTH - LEFT - MARGIN) / Math.max(1, counts.length)
    const bars = counts.map((value, index) => {
      if (value === 0) return ''
      const tall = Math.max(2, BAR * Math.sqrt(value / most)) // so that few notifications are also visible
      const begun = from + ((until - from) * index) / counts.length
      return (
        `<rect class="bar" x="${short(LEFT + index * width)}" y="${short(base - tall)}" ` +
        `width="${short(Math.max(0.6, width - 0.8))}" height="${short(tall)}">` +
        `<title>${safe(name)}, from ${timeText(begun)}: ${count(value)} notifications</title></rect>`
      )
    })
    return (
      `<g class="${colourOf(name)}">${marks.map(mark => drawMark(mark, x, base)).join('')}` +
      `<line class="base" x1="${LEFT}" x2="${WIDTH - MARGIN}" y1="${base}" y2="${base}"/>${bars.join('')}` +
      `<text class="lane" x="${LEFT - 12}" y="${base - 14}" text-anchor="end">${safe(label(name, 16))}</text></g>`
    )
  })
  return (
    `<svg viewBox="0 0 ${WIDTH} ${height + 28}" role="img"><defs><pattern id="silence" width="6" height="6" ` +
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" x2="0" y1="0" y2="6"/>' +
    `</pattern></defs>${timeAxis(from, until, height, MARGIN)}${drawn.join('')}</svg>`
  )
}

const LEAST_WIDTH = 3

function drawMark(mark: Mark, x: (at: number) => number, base: number): string {
  const width = Math.max(LEAST_WIDTH, x(mark.until) - x(mark.from))
  return (
    `<rect class="${mark.what}" x="${short(x(mark.from))}" y="${base - BAR}" width="${short(width)}" height="${BAR}">` +
    `<title>${timeText(mark.from)} to ${timeText(mark.until)}: ${safe(mark.says)}</title></rect>`
  )
}
