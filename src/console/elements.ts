import { label } from '../audit/html/markup.js'
import type { ResourceKey } from '../ids.js'
import type { Appearance } from './appearance.js'
import { type Content, html, type Markup } from './html-template.js'

/** A cloud with its colour. */
export function showCloud(cloud: string, { colourOf }: Appearance): Markup {
  return html`<span class="cloud ${colourOf(cloud)}">${cloud}</span>`
}

/** A project by its name, with a link to what belongs to it; the full id is its title. */
export function showProject(project: string | null, { nameOf }: Appearance): Markup {
  if (project === null) return html`<span class="quiet">no project</span>`
  const name = nameOf(project)
  return html`<a href="/console/project/${encodeURIComponent(project)}" title="${project}">${
    name ?? html`<span class="id">${label(project, 40)}</span>`
  }</a>`
}

export function resourcePath({ type, id }: ResourceKey | { type: string; id: string }): string {
  return `/console/resource/${type}/${encodeURIComponent(id)}`
}

/** `volume 5c0b7a52…` as a link. */
export function showResource(
  resource: { readonly type: string; readonly id: string } | null,
  name?: string | null,
): Content {
  if (resource === null) return html`<span class="quiet">–</span>`
  return html`${resource.type} <a href="${resourcePath(resource)}" title="${resource.id}"><span class="id">${label(
    resource.id,
    40,
  )}</span></a>${name && html` <span class="quiet">${name}</span>`}`
}

/** `28 Nov 13:20:06` of `2026-11-28T13:20:06.707170Z`; the full time is its title. */
export function showTime(time: string | null): Content {
  if (time === null) return html`<span class="quiet">–</span>`
  return html`<time datetime="${time}" title="${time}">${time.slice(0, 10)} ${time.slice(11, 19)}</time>`
}

export function showEvent(position: number): Markup {
  return html`<a href="/console/event/${position}">${position}</a>`
}

/** 1234567 → `1,234,567`. */
export function showCount(count: number): string {
  return count.toLocaleString('en-GB')
}

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => Content
  /**
   * `number` is aligned right, `wrap` may break, `secondary` is left out on a narrow screen, `heat` has a ground by
   * its value.
   */
  readonly format?: 'number' | 'wrap' | 'secondary' | 'heat'
}

/** A table that scrolls sideways on a narrow screen. Its caption is for screen readers. */
export function showTable<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { none = 'None.', id }: { none?: string; id?: string } = {},
): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption class="hidden">${caption}</caption>
<thead><tr>${columns.map(
    column => html`<th scope="col"${classOf(column)}>${column.name}</th>`,
  )}</tr></thead>
<tbody${id && html` id="${id}"`}>${showRows(columns, rows)}</tbody></table>
${rows.length === 0 && html`<p class="quiet none-yet">${none}</p>`}</div>`
}

/** The rows of a table. */
export function showRows<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Markup[] {
  return rows.map(
    row =>
      html`<tr>${columns.map(column => html`<td${classOf(column)}>${column.cell(row)}</td>`)}</tr>`,
  )
}

function classOf<Row>({ format }: Column<Row>): Content {
  return format && html` class="${format}"`
}

/** Names with their values. Those without a value are left out. */
export function showFacts(facts: readonly (readonly [name: string, value: Content])[]): Markup {
  return html`<dl class="facts">${facts
    .filter(([, value]) => !isEmpty(value))
    .map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

function isEmpty(content: Content): boolean {
  if (Array.isArray(content)) return content.length === 0
  return content === null || content === undefined || content === false || content === ''
}

/** A bar for a share of 0 to 1. Screen readers skip it, because the number is next to it. */
export function showMeter(share: number, colour: string): Markup {
  const width = `${Math.round(share * 1000) / 10}%`
  return html`<svg class="meter ${colour}" aria-hidden="true"><rect class="ground" width="100%" height="100%" rx="3"/><rect class="bar-of" width="${width}" height="100%" rx="3"/></svg>`
}
