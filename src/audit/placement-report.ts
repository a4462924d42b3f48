import { resourceTypeCode } from '../event/stored.js'
import type { ResourceType } from '../ids.js'
import {
  type AuditDatabase,
  describeScope,
  findUnheardClouds,
  listCaveats,
  listClouds,
  time,
} from './audit-database.js'
import { chartProjects, type ProjectCount } from './charts.js'
import { gapSection, silenceSection } from './gap-sections.js'
import { interruptionCaveats, interruptionFindings, readInterruptions } from './interruptions.js'
import { formatCount } from './numbers.js'
import {
  anyValueOf,
  chartPlacements,
  type PlacementRow,
  placementCells,
  placementColumns,
  selectPlacements,
} from './placement-rows.js'
import type { Report } from './report.js'
import { createNameFinder } from './resource-names.js'

/** Which placements to show; an empty list allows all. */
interface PlacementQuestion {
  readonly projects: readonly string[]
  readonly serviceProviders: readonly string[]
  readonly types: readonly ResourceType[]
  /** Microseconds; null for the placements that are not over. */
  readonly at: number | null
  /** The longest silence without a warning, microseconds. */
  readonly silence: number
}

/**
 * Report which resources were at which cloud at a time. Times are from the clocks of the clouds, and all
 * known events count, also those that were recorded later.
 */
export function reportPlacement(database: AuditDatabase, question: PlacementQuestion): Report {
  const { at, serviceProviders, projects, types, silence } = question
  const placements = selectPlacements(
    database,
    `${at === null ? 'p.to_at is null' : 'p.from_at <= :at and ifnull(p.to_at > :at, true)'}
      ${projects.length > 0 ? `and pr.name in ${anyValueOf('projects')}` : ''}
      ${serviceProviders.length > 0 ? `and sp.name in ${anyValueOf('clouds')}` : ''}
      ${types.length > 0 ? `and p.resource_type in ${anyValueOf('types')}` : ''}`,
    {
      at,
      projects: JSON.stringify(projects),
      clouds: JSON.stringify(serviceProviders),
      types: JSON.stringify(types.map(resourceTypeCode)),
    },
  )
  const findName = createNameFinder(database)
  const interruptions = readInterruptions(database, silence, serviceProviders)
  const when = at === null ? `at position ${database.upTo}` : `at ${time(at)}`
  const clouds = new Set(placements.map(placement => placement.service_provider)).size
  const resources = formatCount(placements.length, 'resource')
  return {
    title: `What was where ${when}`,
    verdict: `${resources} in ${formatCount(clouds, 'cloud')}${describeFilter(question)}, ${when}.`,
    findings: [
      { says: resources, section: 'placement', isAlarming: false },
      ...interruptionFindings(interruptions),
    ],
    scope: {
      ...describeScope(database),
      placement_at: at === null ? `position ${database.upTo}` : time(at),
      clouds: serviceProviders.join(', ') || 'all',
      projects: projects.join(', ') || 'all',
      types: types.join(', ') || 'all',
    },
    caveats: [
      ...listCaveats(database),
      ...findUnheardClouds(database, serviceProviders),
      ...interruptionCaveats(interruptions),
    ],
    clouds: listClouds(database),
    sections: [
      {
        name: 'placement',
        title: 'Resources and where they were',
        columns: placementColumns,
        rows: placements.map(each => placementCells(each, findName(each.from_position))),
      },
      gapSection(interruptions.gaps),
      silenceSection(interruptions.silences),
    ],
    charts: [
      chartProjects(countRows(placements), 'placement'),
      chartPlacements(
        { title: 'Since when, and until when', section: 'placement' },
        placements,
        interruptions,
      ),
    ],
  }
}

function describeFilter({ serviceProviders, projects, types }: PlacementQuestion): string {
  return [
    types.length > 0 ? `of the types ${types.join(', ')}` : '',
    projects.length > 0 ? `of the projects ${projects.join(', ')}` : '',
    serviceProviders.length > 0 ? `at ${serviceProviders.join(', ')}` : '',
  ]
    .filter(Boolean)
    .map(each => ` ${each}`)
    .join('')
}

/** The placements by project and cloud, in the order of their rows. */
function countRows(placements: readonly PlacementRow[]): ProjectCount[] {
  const counts = new Map<string, ProjectCount>()
  for (const { project, service_provider: cloud } of placements) {
    const key = JSON.stringify([project, cloud])
    counts.set(key, { project, cloud, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts.values()].sort((one, other) => one.cloud.localeCompare(other.cloud))
}
