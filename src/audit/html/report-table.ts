import type { Cell, Section } from '../report.js'
import { count, safe } from './markup.js'

/** A browser becomes slow with more rows. CSV and JSON have all of them. */
const MOST_ROWS = 2_000

/** @param present the names of the sections on the page, for links between them */
export function formatTable(section: Section, present: ReadonlySet<string>): string {
  const { name, title, note, columns, rows, links = {} } = section
  const shown = rows.slice(0, MOST_ROWS)
  const cut =
    rows.length > shown.length
      ? `<p class="note">The first ${count(shown.length)} of ${count(rows.length)} rows; --section ${safe(name)} --format csv has all.</p>`
      : ''
  const linkOf = (column: string) => {
    const target = links[column]
    return target !== undefined && present.has(target) ? target : null
  }
  const body = shown.map(
    row => `<tr>${columns.map(column => cell(row[column] ?? null, linkOf(column))).join('')}</tr>`,
  )
  const heads = columns.map(
    column => `<th scope="col"${isNumeric(column, rows)}>${safe(formatHead(column))}</th>`,
  )
  return (
    `<section id="${safe(name)}"><h2>${safe(title)} <small>${count(rows.length)}</small></h2>` +
    (note === undefined ? '' : `<p class="note">${safe(note)}</p>`) +
    (rows.length === 0
      ? '<p class="none">none</p>'
      : `${cut}${wideTable(title, heads.join(''), body.join(''))}`) +
    '</section>'
  )
}

/** A table that scrolls sideways on a narrow screen, also with the keyboard. */
export function wideTable(name: string, heads: string, body: string): string {
  return (
    `<div class="wide" role="region" tabindex="0" aria-label="${safe(name)}">` +
    `<table><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`
  )
}

function isNumeric(column: string, rows: Section['rows']): string {
  return rows.some(row => typeof row[column] === 'number') ? ' class="number"' : ''
}

function cell(value: Cell, link: string | null): string {
  const isNumber = typeof value === 'number'
  const text = formatCell(value)
  const linked =
    link !== null && isNumber && value > 0 ? `<a href="#${safe(link)}">${text}</a>` : text
  if (isNumber) return `<td class="number">${linked}</td>`
  return isProse(value) ? `<td class="prose">${linked}</td>` : `<td>${linked}</td>`
}

/** Whether a cell is a sentence, which may be broken into lines. Ids and times must not be. */
function isProse(value: Cell): boolean {
  return typeof value === 'string' && value.length > 28 && value.split(' ').length > 3
}

/** A value as HTML. A time has its microseconds and its zone in its title. */
export function formatCell(value: Cell): string {
  if (value === null) return '<span class="nothing">–</span>'
  if (typeof value === 'number' && Number.isInteger(value)) return count(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'object') return safe(`${value.type} ${value.id}`)
  const [, day, clock] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{6}Z$/.exec(String(value)) ?? []
  return day === undefined
    ? safe(String(value))
    : `<time datetime="${value}" title="${value}">${day} ${clock}</time>`
}

/** `from_position` → `from position`. */
export function formatHead(column: string): string {
  return column.replaceAll('_', ' ')
}
