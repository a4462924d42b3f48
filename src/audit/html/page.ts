import type { Cell, Chart, Report, Section } from '../report.js'
import { drawActivityChart } from './activity-chart.js'
import { drawFlowChart } from './flow-chart.js'
import { drawHeatMap } from './heat-map.js'
import { drawIntervalChart } from './interval-chart.js'
import { drawLineChart } from './line-chart.js'
import { count, safe } from './markup.js'
import { style } from './style.js'

/**
 * Format a report as one self-contained page: no scripts, no fonts, no requests. Its content security
 * policy forbids all of these, whatever an id or a name in the log contains.
 */
export function toPage(report: Report): string {
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${safe(report.title)}</title><style>${style}</style></head><body><main>`,
    `<header><p class="brand">Mixmatch</p><h1>${safe(report.title)}</h1>`,
    `<p class="verdict">${safe(report.verdict)}</p></header>`,
    `<dl class="scope">${Object.entries(report.scope).map(fact).join('')}</dl>`,
    '<p class="note">Times are UTC.</p>',
    ...report.caveats.map(caveat => `<p class="caveat">${safe(caveat)}</p>`),
    ...report.charts.filter(hasSomething).map(figure),
    ...report.sections.map(table),
    '</main></body></html>\n',
  ].join('')
}

function fact([name, value]: [string, Cell]): string {
  return `<div><dt>${safe(title(name))}</dt><dd>${text(value)}</dd></div>`
}

function hasSomething(chart: Chart): boolean {
  switch (chart.kind) {
    case 'line-chart':
      return chart.lines.length > 0
    case 'flow-chart':
      return chart.flows.length > 0
    case 'activity-chart':
    case 'interval-chart':
      return chart.lanes.length > 0
    case 'heat-map':
      return chart.rows.length > 0
    default:
      return chart satisfies never
  }
}

function figure(chart: Chart): string {
  return (
    `<figure class="${chart.kind}"><figcaption><h2>${safe(chart.title)}</h2>` +
    `<p>${safe(chart.note)}</p></figcaption>${draw(chart)}</figure>`
  )
}

function draw(chart: Chart): string {
  switch (chart.kind) {
    case 'line-chart':
      return drawLineChart(chart)
    case 'flow-chart':
      return drawFlowChart(chart)
    case 'activity-chart':
      return drawActivityChart(chart)
    case 'heat-map':
      return drawHeatMap(chart)
    case 'interval-chart':
      return drawIntervalChart(chart)
    default:
      return chart satisfies never
  }
}

/** A browser becomes slow with more rows. CSV and JSON have all of them. */
const MOST_ROWS = 2_000

function table({ title: heading, note, columns, rows }: Section): string {
  const shown = rows.slice(0, MOST_ROWS)
  const cut =
    rows.length > shown.length
      ? `<p class="note">The first ${count(shown.length)} of ${count(rows.length)} rows; --format csv has all.</p>`
      : ''
  const head = columns
    .map(column => `<th${isNumeric(column, rows)}>${safe(title(column))}</th>`)
    .join('')
  const body = shown.map(
    row => `<tr>${columns.map(column => cell(row[column] ?? null)).join('')}</tr>`,
  )
  return (
    `<section><h2>${safe(heading)} <small>${count(rows.length)}</small></h2>` +
    (note === undefined ? '' : `<p class="note">${safe(note)}</p>`) +
    (rows.length === 0
      ? '<p class="none">none</p>'
      : `${cut}<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`) +
    '</section>'
  )
}

function isNumeric(column: string, rows: Section['rows']): string {
  return rows.some(row => typeof row[column] === 'number') ? ' class="number"' : ''
}

function cell(value: Cell): string {
  return typeof value === 'number'
    ? `<td class="number">${text(value)}</td>`
    : `<td>${text(value)}</td>`
}

function text(value: Cell): string {
  if (value === null) return '<span class="nothing">–</span>'
  if (typeof value === 'number' && Number.isInteger(value)) return count(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'object') return safe(`${value.type} ${value.id}`)
  const [, day, clock] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{6}Z$/.exec(String(value)) ?? []
  return day === undefined
    ? safe(String(value))
    : `<time datetime="${value}" title="${value}">${day} ${clock}</time>`
}

function title(column: string): string {
  return column.replaceAll('_', ' ')
}
