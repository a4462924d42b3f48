import { resourceTypeCode } from '../event/stored.js'
import type { ResourceType } from '../ids.js'
import {
  type AuditDatabase,
  describeScope,
  findUnknownNames,
  listCaveats,
  time,
} from './audit-database.js'
import { chartProjects } from './charts.js'
import { formatCount } from './numbers.js'
import {
  anyValueOf,
  chartPlacements,
  placementCells,
  placementColumns,
  selectPlacements,
} from './placement-rows.js'
import type { Report } from './report.js'

/** Which placements to show; an empty list allows all. */
interface PlacementFilter {
  readonly projects: readonly string[]
  readonly serviceProviders: readonly string[]
  readonly types: readonly ResourceType[]
}

/**
 * Report which resources were at which cloud at a time. Times are from the clocks of the clouds, and all
 * known events count, also those that were recorded later.
 *
 * @param at microseconds; null for the placements that are not over
 */
export function reportPlacement(
  database: AuditDatabase,
  filter: PlacementFilter,
  at: number | null,
): Report {
  const placements = selectPlacements(
    database,
    `${at === null ? 'p.to_at is null' : 'p.from_at <= :at and ifnull(p.to_at > :at, true)'}
      ${filter.projects.length > 0 ? `and pr.name in ${anyValueOf('projects')}` : ''}
      ${filter.serviceProviders.length > 0 ? `and sp.name in ${anyValueOf('clouds')}` : ''}
      ${filter.types.length > 0 ? `and p.resource_type in ${anyValueOf('types')}` : ''}`,
    {
      at,
      projects: JSON.stringify(filter.projects),
      clouds: JSON.stringify(filter.serviceProviders),
      types: JSON.stringify(filter.types.map(resourceTypeCode)),
    },
  )
  const when = at === null ? `at position ${database.upTo}` : `at ${time(at)}`
  const clouds = new Set(placements.map(placement => placement.service_provider)).size
  return {
    title: `What was where ${when}`,
    verdict: `${formatCount(placements.length, 'resource')} in ${formatCount(clouds, 'cloud')}.`,
    scope: describeScope(database),
    caveats: [
      ...listCaveats(database),
      ...findUnknownNames(database, { clouds: filter.serviceProviders, projects: filter.projects }),
    ],
    sections: [
      {
        name: 'placement',
        title: 'Resources and where they were',
        columns: placementColumns,
        rows: placements.map(placementCells),
      },
    ],
    charts: [
      ...(at === null ? [chartProjects(database)] : []),
      chartPlacements(database, 'Since when, and until when', placements),
    ],
  }
}
