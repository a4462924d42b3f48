import type { Appearance } from './appearance.js'
import {
  type Column,
  showCloud,
  showEvent,
  showProject,
  showResource,
  showRows,
  showTable,
  showTime,
} from './elements.js'
import { html, type Markup } from './html-template.js'

/** An event as the API lists it. */
export interface EventLine {
  readonly position: number
  readonly recorded_at: string
  readonly service_provider: string
  readonly event_type: string
  readonly kind: string
  readonly resource: { readonly type: string; readonly id: string } | null
  readonly project: string | null
}

const columns = (appearance: Appearance): readonly Column<EventLine>[] => [
  { name: 'Event', cell: ({ position }) => showEvent(position) },
  { name: 'Recorded', cell: ({ recorded_at }) => showTime(recorded_at) },
  { name: 'Cloud', cell: event => showCloud(event.service_provider, appearance) },
  {
    name: 'Type',
    cell: ({ event_type, kind }) =>
      html`${event_type}${kind !== 'noted' && html` <span class="tag ${kind}">${kind}</span>`}`,
  },
  { name: 'Resource', cell: ({ resource }) => showResource(resource) },
  { name: 'Project', cell: ({ project }) => showProject(project, appearance), format: 'secondary' },
]

/** Events as a table, in the given order. @param id of the table's body, for scripts */
export function showEvents(
  caption: string,
  events: readonly EventLine[],
  appearance: Appearance,
  options: { readonly none?: string; readonly id?: string } = {},
): Markup {
  return showTable(caption, columns(appearance), events, options)
}

/** The rows alone, for the live tail. */
export function showEventRows(events: readonly EventLine[], appearance: Appearance): Markup[] {
  return showRows(columns(appearance), events)
}
