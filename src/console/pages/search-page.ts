import { MixmatchError } from '../../errors.js'
import { isUuid } from '../../ids.js'
import {
  resourcePath,
  showCloud,
  showEvent,
  showProject,
  showResource,
  showTable,
} from '../elements.js'
import { html } from '../html-template.js'
import type { Page, PageRequest, Redirect } from '../page-request.js'

const MOST = 50

/** `/console/search?q=…`: an id or its beginning, a position, a request id. One result is opened at once. */
export async function searchPage(request: PageRequest): Promise<Page | Redirect> {
  const text = (request.query.get('q') ?? '').trim()
  if (text === '')
    return { title: 'Search', content: html`<h1>Search</h1><p>Write an id, or its beginning.</p>` }
  if (/^\d{1,15}$/.test(text) && (await hasEvent(request, text))) {
    return { location: `/console/event/${text}` }
  }
  if (/^req-/.test(text))
    return { location: `/console/explain?request_id=${encodeURIComponent(text)}` }
  const { resources } = await request.ask('search', { id: text, limit: String(MOST) })
  const [first, ...others] = resources
  if (first && others.length === 0) return { location: resourcePath(first.resource) }
  const { look } = request
  const projects = isUuid(text) ? [text] : []
  return {
    title: `Search: ${text}`,
    status: resources.length === 0 ? 404 : 200,
    content: html`<div class="head"><h1>${text}</h1><p>${resources.length} resources${resources.length === MOST && ', the first of them'}</p></div>
<section class="card">${showTable(
      `Resources that match ${text}`,
      [
        { name: 'Resource', cell: ({ resource }) => showResource(resource) },
        {
          name: 'Cloud',
          cell: ({ places }) =>
            places.length === 0
              ? html`<span class="tag deleted">deleted</span>`
              : places.map(({ service_provider }) => html`${showCloud(service_provider, look)} `),
        },
        {
          name: 'Project',
          cell: ({ places: [place] }) => place && showProject(place.project, look),
        },
        { name: 'Event', cell: ({ places: [place] }) => place && showEvent(place.position) },
      ],
      resources,
      { none: 'No resource has an id that begins so.' },
    )}</section>
${projects.map(project => html`<section class="card"><p>Or a project? ${showProject(project, look)}</p></section>`)}`,
  }
}

async function hasEvent({ ask }: PageRequest, position: string): Promise<boolean> {
  try {
    await ask('event', { position })
    return true
  } catch (error) {
    if (error instanceof MixmatchError && error.code === 'NOT_FOUND') return false
    throw error
  }
}
