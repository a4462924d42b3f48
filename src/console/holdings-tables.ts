import type { Answers } from '../api/queries.js'
import type { Appearance } from './appearance.js'
import { type Column, showCloud, showCount, showMeter, showProject, showTable } from './elements.js'
import { html, type Markup } from './html-template.js'

type History = NonNullable<Answers['holdingsHistory']['history']>
type Holdings = History['types'][number]['holdings']
interface Held {
  readonly holdings: Holdings
}

/**
 * What each cloud holds of each project, and of each type.
 *
 * @param all what each cloud holds of all projects, also of those that are not in the table
 */
export function showHoldings(
  { projects, types, more_projects }: Pick<History, 'projects' | 'types' | 'more_projects'>,
  all: Holdings,
  appearance: Appearance,
): Markup {
  const names = all.map(({ service_provider }) => service_provider)
  const total = sumOf(all)
  const others = total - projects.reduce((sum, { holdings }) => sum + sumOf(holdings), 0)
  return html`<section class="card"><h2>By project <small>${showCount(total)} resources</small></h2>${showTable(
    'Resources by project and cloud',
    [
      { name: 'Project', cell: ({ project }) => showProject(project, appearance) },
      ...cloudColumns(names, projects),
    ],
    projects,
    { none: 'No resources.' },
  )}${more_projects > 0 && html`<p class="note">and ${showCount(more_projects)} more projects with ${showCount(others)} resources</p>`}</section>
${
  types.length > 0 &&
  html`<section class="card"><h2>By type</h2>${showTable(
    'Resources by type and cloud',
    [{ name: 'Type', cell: ({ type }) => type }, ...cloudColumns(names, types)],
    types,
  )}</section>`
}`
}

/** A column for each cloud, where a higher count has a darker ground, and one for all clouds. */
function cloudColumns(clouds: readonly string[], rows: readonly Held[]): Column<Held>[] {
  const counts = rows.flatMap(({ holdings }) => holdings.map(({ resources }) => resources))
  const most = Math.max(1, ...counts)
  return [
    ...clouds.map(
      (cloud): Column<Held> => ({
        name: cloud,
        format: 'heat',
        cell({ holdings }) {
          const count = sumOf(holdings.filter(({ service_provider }) => service_provider === cloud))
          const strength = Math.ceil(4 * Math.sqrt(count / most))
          return html`<span class="h${strength}">${count === 0 ? '·' : showCount(count)}</span>`
        },
      }),
    ),
    { name: 'All', format: 'number', cell: ({ holdings }) => showCount(sumOf(holdings)) },
  ]
}

function sumOf(holdings: Holdings): number {
  return holdings.reduce((sum, { resources }) => sum + resources, 0)
}

const SHOWN = 15

/** Changes of the owner, from project to project, with a bar for their number. */
export function showTransfers(transfers: History['transfers'], appearance: Appearance): Markup {
  const most = Math.max(1, ...transfers.map(({ resources }) => resources))
  const columns: readonly Column<History['transfers'][number]>[] = [
    { name: 'From', cell: ({ from_project }) => showProject(from_project, appearance) },
    { name: 'To', cell: ({ to_project }) => showProject(to_project, appearance) },
    { name: 'Cloud', cell: ({ service_provider }) => showCloud(service_provider, appearance) },
    { name: 'Resources', cell: ({ resources }) => showCount(resources), format: 'number' },
    {
      name: 'Share',
      cell: ({ resources, service_provider }) =>
        showMeter(resources / most, appearance.colourOf(service_provider)),
      format: 'secondary',
    },
  ]
  const [shown, others] = [transfers.slice(0, SHOWN), transfers.slice(SHOWN)]
  const none = 'No resource changed its owner.'
  return html`${showTable('Changes of the owner, from project to project', columns, shown, { none })}
${
  others.length > 0 &&
  html`<details><summary>${others.length} more</summary>${showTable('Further changes of the owner', columns, others)}</details>`
}`
}
