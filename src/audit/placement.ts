import { resourceTypeCode } from '../event/stored.js'
import type { ResourceType } from '../ids.js'
import { type Audited, caveatsOf, scopeOf, time, unheardOf } from './audited.js'
import { projectsByCloud } from './charts.js'
import { counted } from './numbers.js'
import type { Report } from './report.js'
import { anyOf, spansOf, turnCells, turnColumns, turnsWhere } from './turn-rows.js'

/** Which turns to show; an empty list means any. */
export interface PlacementFilter {
  readonly projects: readonly string[]
  readonly serviceProviders: readonly string[]
  readonly types: readonly ResourceType[]
}

/**
 * What was where at a time, by the clocks of the clouds and as far as is known today; what is there
 * now where no time is given.
 */
export function placementOf(audited: Audited, filter: PlacementFilter, at: number | null): Report {
  const turns = turnsWhere(
    audited,
    `${at === null ? 'p.to_at is null' : 'p.from_at <= :at and ifnull(p.to_at > :at, true)'}
      ${filter.projects.length > 0 ? `and pr.name in ${anyOf('projects')}` : ''}
      ${filter.serviceProviders.length > 0 ? `and sp.name in ${anyOf('clouds')}` : ''}
      ${filter.types.length > 0 ? `and p.resource_type in ${anyOf('types')}` : ''}`,
    {
      at,
      projects: JSON.stringify(filter.projects),
      clouds: JSON.stringify(filter.serviceProviders),
      types: JSON.stringify(filter.types.map(resourceTypeCode)),
    },
  )
  const when = at === null ? `at position ${audited.upTo}` : `at ${time(at)}`
  const clouds = new Set(turns.map(turn => turn.service_provider)).size
  return {
    title: `What was where ${when}`,
    verdict: `${counted(turns.length, 'resource')} in ${counted(clouds, 'cloud')}.`,
    scope: scopeOf(audited),
    caveats: [
      ...caveatsOf(audited),
      ...unheardOf(audited, { clouds: filter.serviceProviders, projects: filter.projects }),
    ],
    sections: [
      {
        name: 'placement',
        title: 'Resources and where they were',
        columns: turnColumns,
        rows: turns.map(turnCells),
      },
    ],
    charts: [
      ...(at === null ? [projectsByCloud(audited)] : []),
      spansOf(audited, 'Since when, and until when', turns),
    ],
  }
}
