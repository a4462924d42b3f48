import type { ActivityChart, Chart, HeatMap, LineChart } from '../report.js'
import { describeScale, drawActivityChart } from './activity-chart.js'
import { timeText } from './axis.js'
import { drawFlowChart } from './flow-chart.js'
import { drawHeatMap } from './heat-map.js'
import { drawIntervalChart } from './interval-chart.js'
import { drawLineChart } from './line-chart.js'
import { type ColourOf, count, safe } from './markup.js'
import { wideTable } from './report-table.js'

/**
 * Draw a chart with its title, and its numbers in a table that can be opened; nothing for a chart without
 * data.
 *
 * @param colourOf the colour of a cloud, the same on the whole page
 * @param present the names of the sections on the page
 */
export function drawFigure(chart: Chart, colourOf: ColourOf, present: ReadonlySet<string>): string {
  if (isEmpty(chart)) return ''
  const { section } = chart
  const rows =
    section !== null && present.has(section) ? ` <a href="#${safe(section)}">To the rows</a>` : ''
  const numbers = tableOf(chart)
  return (
    `<figure class="${chart.kind}"><figcaption><h2>${safe(chart.title)}</h2>` +
    `<p>${safe(noteOf(chart))}${rows}</p></figcaption>` +
    `<div class="drawing" role="region" tabindex="0" aria-label="${safe(chart.title)}">${draw(chart, colourOf)}</div>` +
    (numbers === null
      ? ''
      : `<details><summary>Numbers of this chart</summary>${numbers}</details>`) +
    '</figure>'
  )
}

function isEmpty(chart: Chart): boolean {
  switch (chart.kind) {
    case 'line-chart':
      return chart.lines.length === 0
    case 'flow-chart':
      return chart.flows.length === 0
    case 'activity-chart':
    case 'interval-chart':
      return chart.lanes.length === 0
    case 'heat-map':
      return chart.rows.length === 0
    default:
      return chart satisfies never
  }
}

function noteOf(chart: Chart): string {
  return chart.kind === 'activity-chart' ? `${chart.note} ${describeScale(chart)}` : chart.note
}

function draw(chart: Chart, colourOf: ColourOf): string {
  switch (chart.kind) {
    case 'line-chart':
      return drawLineChart(chart, colourOf)
    case 'flow-chart':
      return drawFlowChart(chart)
    case 'activity-chart':
      return drawActivityChart(chart, colourOf)
    case 'heat-map':
      return drawHeatMap(chart)
    case 'interval-chart':
      return drawIntervalChart(chart, colourOf)
    default:
      return chart satisfies never
  }
}

/** Null if a section of the report has the same rows. */
function tableOf(chart: Chart): string | null {
  switch (chart.kind) {
    case 'line-chart':
      return lineTable(chart)
    case 'activity-chart':
      return activityTable(chart)
    case 'heat-map':
      return heatTable(chart)
    case 'flow-chart':
    case 'interval-chart':
      return null
    default:
      return chart satisfies never
  }
}

/** A table of all points of a line would be too long to read. */
const LINE_ROWS = 24

function lineTable({ title, from, until, lines }: LineChart): string {
  const points = Math.max(1, ...lines.map(({ values }) => values.length))
  const rows = Math.min(LINE_ROWS, points)
  const body = Array.from({ length: rows }, (_, row) => {
    const point = rows === 1 ? 0 : Math.round((row * (points - 1)) / (rows - 1))
    const at = from + ((until - from) * point) / Math.max(1, points - 1)
    return [timeText(at), ...lines.map(({ values }) => count(values[point] ?? 0))]
  })
  return numbersTable(title, ['UTC', ...lines.map(({ name }) => name)], body)
}

function activityTable({ title, from, until, lanes }: ActivityChart): string {
  const bars = Math.max(1, ...lanes.map(({ counts }) => counts.length))
  const body = Array.from({ length: bars }, (_, bar) => [
    timeText(from + ((until - from) * bar) / bars),
    ...lanes.map(({ counts }) => count(counts[bar] ?? 0)),
  ])
  return numbersTable(title, ['from, UTC', ...lanes.map(({ name }) => name)], body)
}

function heatTable({ title, rows, columns, counts }: HeatMap): string {
  const body = rows.map((name, row) => [
    name,
    ...columns.map((_, column) => count(counts[row]?.[column] ?? 0)),
  ])
  return numbersTable(title, ['project', ...columns], body)
}

/** The first column names the row, the others are numbers. */
function numbersTable(
  title: string,
  heads: readonly string[],
  body: readonly (readonly string[])[],
): string {
  const [first = '', ...others] = heads
  const head =
    `<th scope="col">${safe(first)}</th>` +
    others.map(each => `<th scope="col" class="number">${safe(each)}</th>`).join('')
  const rows = body.map(
    ([name = '', ...values]) =>
      `<tr><th scope="row">${safe(name)}</th>${values.map(value => `<td class="number">${value}</td>`).join('')}</tr>`,
  )
  return wideTable(`${title}: numbers`, head, rows.join(''))
}
