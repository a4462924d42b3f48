import { resourceTypes } from '../../ids.js'
import { showEvents } from '../event-table.js'
import { html, type Markup } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'

const SHOWN = 100
/** The filters of the page: those of the API. */
const filters = ['cloud', 'type', 'resource', 'project'] as const

/** `/console/events`: the newest events first, with filters; new ones come by themselves. */
export async function eventsPage({ ask, query, appearance, clouds }: PageRequest): Promise<Page> {
  const before = query.get('cursor') ?? ''
  const chosen = chosenFilters(query)
  const cursor = /^\d{1,15}$/.test(before) ? { cursor: before } : {}
  const { events, next, searched } = await ask('events', {
    ...chosen,
    ...cursor,
    limit: String(SHOWN),
  })
  const isNewest = before === ''
  const stream = new URLSearchParams({ ...chosen, after: String(searched.to) })
  const older = new URLSearchParams({ ...chosen, cursor: String(next) })
  return {
    title: 'Events',
    content: html`<div class="head"><h1>Events</h1>
<p>${isNewest ? html`<span id="tail-state" role="status">newest first</span>` : `before event ${before}`}</p></div>
${showFilters(chosen, clouds, isNewest ? stream : null)}
<section class="card">${showEvents('Events, newest first', events, appearance, { id: 'events', none: `No such event from ${searched.from} to ${searched.to}.` })}</section>
<p>${next !== null && html`<a class="button" href="/console/events?${older.toString()}" rel="next">Older events</a> `}<span class="note">Searched: events ${searched.from} to ${searched.to}.</span></p>`,
    script: 'tail.js',
  }
}

/** The filters that the query has. */
export function chosenFilters(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    filters.flatMap(name => {
      const value = (query.get(name) ?? '').trim()
      return value === '' ? [] : [[name, value]]
    }),
  )
}

/** @param stream the query of the stream of new events; null if the page shows older ones */
function showFilters(
  chosen: Readonly<Record<string, string>>,
  clouds: readonly string[],
  stream: URLSearchParams | null,
): Markup {
  const field = (name: string) => chosen[name] ?? ''
  const types = resourceTypes.flatMap(type => [`${type}.*`])
  return html`<form class="fields">
<label>Cloud<select name="cloud"><option value="">all</option>${clouds.map(
    cloud => html`<option${cloud === field('cloud') && html` selected`}>${cloud}</option>`,
  )}</select></label>
<label>Event type<input name="type" value="${field('type')}" list="types" placeholder="volume.*" size="18"></label>
<datalist id="types">${types.map(type => html`<option value="${type}"></option>`)}</datalist>
<label class="grow">Resource<input name="resource" value="${field('resource')}" placeholder="id, or a unique beginning of it"></label>
<label class="grow">Project<input name="project" value="${field('project')}" placeholder="id"></label>
<button>Filter</button>${Object.keys(chosen).length > 0 && html`<a href="/console/events">Clear</a>`}
${stream && html`<button id="pause" type="button" data-stream="/console/events/stream?${stream.toString()}" aria-pressed="false" hidden>Pause</button>`}
</form>`
}
