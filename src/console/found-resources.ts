import type { Answers } from '../api/queries.js'
import type { Appearance } from './appearance.js'
import { showCloud, showEvent, showProject, showResource, showTable } from './elements.js'
import { html, type Markup } from './html-template.js'

/** Resources with their names and places. */
export function showFoundResources(
  caption: string,
  resources: Answers['search']['resources'],
  appearance: Appearance,
  none: string,
): Markup {
  return showTable(
    caption,
    [
      { name: 'Resource', cell: ({ resource }) => showResource(resource) },
      { name: 'Name', cell: ({ name }) => name ?? '–' },
      {
        name: 'Cloud',
        cell: ({ places }) =>
          places.length === 0
            ? html`<span class="tag deleted">deleted</span>`
            : places.map(
                ({ service_provider }) => html`${showCloud(service_provider, appearance)} `,
              ),
      },
      {
        name: 'Project',
        cell: ({ places: [place] }) => place && showProject(place.project, appearance),
        format: 'secondary',
      },
      { name: 'Event', cell: ({ places: [place] }) => place && showEvent(place.position) },
    ],
    resources,
    { none },
  )
}
