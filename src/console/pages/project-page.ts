import type { Answers } from '../../api/queries.js'
import type { Appearance } from '../appearance.js'
import { askComplete, COUNTING } from '../ask-complete.js'
import { showCloud, showCount, showTable } from '../elements.js'
import { showEvents } from '../event-table.js'
import { showFoundResources } from '../found-resources.js'
import { html, type Markup } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'

const MOST = 100

/** `/console/project/a11ce…`: what each cloud holds of a project, and its newest events. */
export async function projectPage({ ask, rest, appearance }: PageRequest): Promise<Page> {
  const [project = ''] = rest
  const [{ holdings, complete }, { events, searched }, { resources, next }] = await Promise.all([
    askComplete(() => ask('holdings', { project })),
    ask('events', { project }),
    ask('search', { project, limit: String(MOST) }),
  ])
  const name = appearance.nameOf(project)
  return {
    title: `Project ${name ?? project}`,
    content: html`<div class="head" data-refresh="5" data-updates="holdings"><h1>${name ?? html`<span class="id">${project}</span>`} <small>project</small></h1>
<p>${name && html`<span class="id">${project}</span>`}</p></div>
<section class="card" id="holdings"><h2>What it has</h2>${complete ? showHoldings(holdings, appearance) : COUNTING}</section>
<section class="card"><h2>Resources ${next !== null && html`<small>the first ones, by type and id</small>`}</h2>${showFoundResources('Resources of the project', resources, appearance, 'None among the first resources of the views.')}</section>
<section class="card"><h2>Newest events <small>among events ${searched.from} to ${searched.to}</small></h2>
${showEvents('Newest events of the project', events, appearance)}
<p><a href="/console/events?project=${encodeURIComponent(project)}">Follow its events</a></p></section>`,
  }
}

function showHoldings(holdings: Answers['holdings']['holdings'], appearance: Appearance): Markup {
  return showTable(
    'Resources of the project by cloud and type',
    [
      { name: 'Cloud', cell: each => showCloud(each.service_provider, appearance) },
      { name: 'Type', cell: ({ type }) => type },
      { name: 'Resources', cell: ({ resources }) => showCount(resources), format: 'number' },
    ],
    holdings.toSorted(appearance.byCloud),
    { none: 'No resources.' },
  )
}
