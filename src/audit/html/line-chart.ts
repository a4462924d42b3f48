import type { LineChart } from '../report.js'
import { countTicks, LEFT, RIGHT, timeAxis, timeScale, WIDTH } from './axis.js'
import { colours, count, label, safe, short } from './markup.js'

const HEIGHT = 260
const LINE_HEIGHT = 16

/** Stepped lines over time, each with its name and its last value at its end. */
export function drawLineChart({ from, until, lines }: LineChart): string {
  const ticks = countTicks(Math.max(0, ...lines.flatMap(({ values }) => values)))
  const top = ticks.at(-1) ?? 1
  const y = (value: number) => HEIGHT - (Math.max(0, value) / top) * (HEIGHT - 12)
  const x = timeScale(from, until)
  const colourOf = colours(lines.map(({ name }) => name))
  const rules = ticks.map(
    tick =>
      `<line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${short(y(tick))}" y2="${short(y(tick))}"/>` +
      `<text class="tick" x="${LEFT - 10}" y="${short(y(tick) + 4)}" text-anchor="end">${count(tick)}</text>`,
  )
  const ends = spread(lines.map(({ values }) => y(values.at(-1) ?? 0)))
  const drawn = lines.map(({ name, values }, index) => {
    const step = (until - from) / Math.max(1, values.length - 1)
    const path = values
      .map((value, point) => {
        const place = short(x(from + point * step))
        return point === 0 ? `M${place} ${short(y(value))}` : `H${place}V${short(y(value))}`
      })
      .join('')
    const area = `${path}V${HEIGHT}H${LEFT}Z`
    const last = values.at(-1) ?? 0
    return (
      `<g class="${colourOf(name)}"><path class="area" d="${area}"/><path class="line" d="${path}"/>` +
      `<text class="end" x="${WIDTH - RIGHT + 8}" y="${short((ends[index] ?? 0) + 4)}">${safe(label(name, 12))} ${count(last)}` +
      `<title>${safe(name)}: ${count(last)}</title></text></g>`
    )
  })
  return (
    `<svg viewBox="0 -8 ${WIDTH} ${HEIGHT + 36}" role="img">${rules.join('')}` +
    `${timeAxis(from, until, HEIGHT)}${drawn.join('')}</svg>`
  )
}

/** Move labels apart that would overlap. */
function spread(places: readonly number[]): number[] {
  const moved = [...places]
  const order = [...places.keys()].sort((one, other) => (places[one] ?? 0) - (places[other] ?? 0))
  let free = Number.NEGATIVE_INFINITY
  for (const index of order) {
    const place = Math.max(moved[index] ?? 0, free)
    moved[index] = place
    free = place + LINE_HEIGHT
  }
  const over = Math.max(0, free - LINE_HEIGHT - HEIGHT)
  return moved.map(place => place - over)
}
