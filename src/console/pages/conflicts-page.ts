import { askComplete, stillCounting } from '../ask-complete.js'
import { showCloud, showCount, showResource, showTable } from '../elements.js'
import { html } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'

const SHOWN = 200

/** `/console/conflicts`: ids that several clouds claim to hold. */
export async function conflictsPage({ ask, appearance }: PageRequest): Promise<Page> {
  const { complete, count, conflicts } = await askComplete(() =>
    ask('conflicts', { limit: String(SHOWN) }),
  )
  if (!complete) return stillCounting('Conflicts')
  return {
    title: 'Conflicts',
    content: html`<div class="head" data-refresh="5" data-updates="conflicts conflict-count"><h1>Conflicts</h1><p id="conflict-count">${showNumber(count ?? conflicts.length)} held by several clouds</p></div>
<section class="card" id="conflicts"><p class="quiet">Requests go to the cloud that is named first. A service provider can claim any id, so check each conflict.</p>${showTable(
      'Ids that several clouds claim to hold',
      [
        { name: 'Resource', cell: ({ resource }) => showResource(resource) },
        {
          name: 'Requests go to',
          cell: ({ service_providers: [first] }) => first && showCloud(first, appearance),
        },
        {
          name: 'Also claimed by',
          cell: ({ service_providers: [, ...others] }) =>
            others.map(cloud => html`${showCloud(cloud, appearance)} `),
        },
      ],
      conflicts,
      { none: 'No conflicts.' },
    )}</section>`,
  }
}

function showNumber(count: number): string {
  return count === 1 ? '1 id is' : `${showCount(count)} ids are`
}
