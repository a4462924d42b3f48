import type { Answers } from '../../api/queries.js'
import { MixmatchError } from '../../errors.js'
import { isUuid, projectId } from '../../ids.js'
import { resourcePath, showProject } from '../elements.js'
import { showFoundResources } from '../found-resources.js'
import { html } from '../html-template.js'
import type { Page, PageRequest, Redirect } from '../page-request.js'

const MOST = 50
/** Pages of the query that one search by name reads: some thousand notifications. */
const MOST_PAGES = 10

/**
 * `/console/search?q=…`: an id or its beginning, a name, a project, the position of an event, a request
 * id. If there is only one result, it is opened at once.
 */
export async function searchPage(request: PageRequest): Promise<Page | Redirect> {
  const { query, ask, appearance } = request
  const text = (query.get('q') ?? '').trim()
  if (text === '') return { title: 'Search', content: NOTHING_ASKED }
  if (/^\d{1,15}$/.test(text) && (await hasEvent(request, text))) {
    return { location: `/console/event/${text}` }
  }
  if (/^req-/.test(text)) {
    return { location: `/console/explain?request_id=${encodeURIComponent(text)}` }
  }
  const cursor = query.get('cursor') ?? undefined
  const [{ resources: byId }, byName] = await Promise.all([
    ask('search', { id: text, limit: String(MOST) }),
    searchNames(ask, text, cursor),
  ])
  const projects = findProjects(text, request, byId.length > 0)
  const found = [...byId, ...byName.resources]
  const [only] = found
  if (only && found.length === 1 && projects.length === 0 && cursor === undefined) {
    return { location: resourcePath(only.resource) }
  }
  const isNothing = found.length === 0 && projects.length === 0
  const older = new URLSearchParams({ q: text, cursor: byName.next ?? '' })
  return {
    title: `Search: ${text}`,
    status: isNothing ? 404 : 200,
    content: html`<div class="head"><h1>${text}</h1><p>${isNothing ? 'nothing found' : `${found.length + projects.length} found`}</p></div>
${
  projects.length > 0 &&
  html`<section class="card"><h2>Projects</h2>${projects.map(project => html`<p>${showProject(project, appearance)} <span class="id quiet">${project}</span></p>`)}</section>`
}
<section class="card"><h2>By id</h2>${showFoundResources('Resources by id', byId, appearance, 'No resource has an id that begins so.')}</section>
<section class="card"><h2>By name</h2>${showFoundResources('Resources by name', byName.resources, appearance, 'None of the newest notifications has such a name.')}
${byName.next !== null && html`<p><a class="button" href="/console/search?${older.toString()}">Search older notifications</a></p>`}</section>`,
  }
}

const NOTHING_ASKED = html`<h1>Search</h1>
<p>Write an id or its beginning, a part of a name, a project, the position of an event, or a request id.</p>`

type Found = Answers['search']

/** Search the newest notifications, a limited number of them. */
async function searchNames(
  ask: PageRequest['ask'],
  name: string,
  cursor: string | undefined,
): Promise<Found> {
  let page: Found = { resources: [], next: cursor ?? null }
  const found = new Map<string, Found['resources'][number]>()
  for (let pages = 0; pages < MOST_PAGES && found.size < MOST; pages += 1) {
    if (pages > 0 && page.next === null) break
    page = await ask('search', { name, ...(page.next !== null && { cursor: page.next }) })
    for (const each of page.resources) found.set(resourcePath(each.resource), each)
  }
  return { resources: [...found.values()], next: page.next }
}

/**
 * Projects by their id, or by a part of their name. The id of a project whose name is unknown looks like any other:
 * it is one unless a resource has it.
 */
function findProjects(text: string, { projectNames }: PageRequest, isResource: boolean): string[] {
  const wanted = text.toLowerCase()
  const byName = [...projectNames].flatMap(([id, name]) =>
    name.toLowerCase().includes(wanted) || (wanted.length >= 4 && id.startsWith(wanted))
      ? [id]
      : [],
  )
  return [...new Set([...(isUuid(text) && !isResource ? [projectId(text)] : []), ...byName])].slice(
    0,
    MOST,
  )
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
