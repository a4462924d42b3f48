import type { Answers } from '../../api/queries.js'
import type { Appearance } from '../appearance.js'
import { askComplete, COUNTING } from '../ask-complete.js'
import { showCloud, showCount, showResource, showTable } from '../elements.js'
import { html, type Markup } from '../html-template.js'
import type { Page, PageRequest } from '../page-request.js'

type Conflicts = Answers['conflicts']['conflicts']

const SHOWN = 200

/** `/console/conflicts`: ids that several clouds claim to hold. */
export async function conflictsPage({ ask, appearance }: PageRequest): Promise<Page> {
  const { complete, count, conflicts } = await askComplete(() =>
    ask('conflicts', { limit: String(SHOWN) }),
  )
  return {
    title: 'Conflicts',
    content: html`<div class="head" data-refresh="5" data-updates="conflicts conflict-count"><h1>Conflicts</h1><p id="conflict-count">${complete && `${showNumber(count ?? conflicts.length)} held by several clouds`}</p></div>
<section class="card" id="conflicts"><p class="quiet">Requests go to the cloud that is named first. A service provider can claim any id, so check each conflict.</p>${complete ? showConflicts(conflicts, appearance) : COUNTING}</section>`,
  }
}

function showConflicts(conflicts: Conflicts, appearance: Appearance): Markup {
  return showTable(
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
  )
}

function showNumber(count: number): string {
  return count === 1 ? '1 id is' : `${showCount(count)} ids are`
}
