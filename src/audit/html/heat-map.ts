import type { HeatMap } from '../report.js'
import { WIDTH } from './axis.js'
import { count, label, openSvg, safe, short } from './markup.js'

const LEFT = 190
const HEAD = 30
const ROW = 34
const WIDEST = 150
/** A stronger colour would make the number on it hard to read. */
const MOST_STRENGTH = 0.32

/** Squares in rows and columns; a higher count has more colour. */
export function drawHeatMap(chart: HeatMap): string {
  const { rows, columns, counts } = chart
  const width = Math.min(WIDEST, (WIDTH - LEFT) / Math.max(1, columns.length))
  const most = Math.max(1, ...counts.flat())
  const heads = columns.map(
    (name, column) =>
      `<text class="lane" x="${short(LEFT + (column + 0.5) * width)}" y="18" text-anchor="middle">${safe(label(name, 16))}</text>`,
  )
  const lines = rows.map((name, row) => {
    const y = HEAD + row * ROW
    const cells = columns.map((cloud, column) => {
      const value = counts[row]?.[column] ?? 0
      const strength = value === 0 ? 0 : 0.08 + MOST_STRENGTH * Math.sqrt(value / most)
      const x = LEFT + column * width
      return (
        `<rect class="cell" x="${short(x + 2)}" y="${y + 2}" width="${short(width - 4)}" height="${ROW - 4}" rx="4" ` +
        `fill-opacity="${short(strength)}"><title>${safe(name)} at ${safe(cloud)}: ${count(value)}</title></rect>` +
        `<text x="${short(x + width / 2)}" y="${y + 22}" text-anchor="middle">${value === 0 ? '·' : count(value)}</text>`
      )
    })
    return (
      `<text class="lane" x="${LEFT - 14}" y="${y + 22}" text-anchor="end">${safe(label(name))}<title>${safe(name)}</title></text>` +
      cells.join('')
    )
  })
  const height = HEAD + rows.length * ROW
  return `${openSvg(chart, `0 0 ${WIDTH} ${height + 4}`)}${heads.join('')}${lines.join('')}</svg>`
}
