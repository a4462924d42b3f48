import { resourceTypeOf } from '../event/stored.js'
import { allConflicts } from '../projection/conflicts.js'
import type { Activity, Silence } from './activity.js'
import {
  type AuditDatabase,
  describeScope,
  listCaveats,
  listClouds,
  time,
} from './audit-database.js'
import {
  chartActivity,
  chartProjects,
  chartResources,
  chartTransfers,
  countByProject,
  readTransfers,
} from './charts.js'
import { gapSection, silenceSection } from './gap-sections.js'
import type { Gap } from './gaps.js'
import { interruptionCaveats, interruptionFindings, readInterruptions } from './interruptions.js'
import { formatCount, maximum, minimum, toSeconds } from './numbers.js'
import { succeeds } from './placement-rows.js'
import { countDuplicates } from './recorder-notes.js'
import type { Cells, Report, Section } from './report.js'

/**
 * Report resources by cloud, project and type, the activity and silences of each bus, the gaps that the
 * recorder noted, and the ids that several clouds claim.
 *
 * @param silence the longest time without a notification that is not reported, in microseconds
 */
export function reportSummary(database: AuditDatabase, silence: number): Report {
  const interruptions = readInterruptions(database, silence)
  const { activity, silences, gaps, notes } = interruptions
  const resources = resourceRows(database)
  const conflicts = conflictRows(database)
  const transfers = readTransfers(database)
  const live = resources.reduce((sum, { live }) => sum + live, 0)
  const conflictCount = formatCount(conflicts.length, 'conflict')
  return {
    title: 'Audit summary',
    verdict:
      `${formatCount(live, 'resource')} live in ${formatCount(activity.clouds.size, 'cloud')}; ` +
      `${formatCount(silences.length, 'silence')}, ${formatCount(gaps.length, 'gap')}, ` +
      `${conflictCount}.`,
    findings: [
      { says: conflictCount, section: 'conflicts', isAlarming: conflicts.length > 0 },
      ...interruptionFindings(interruptions),
      { says: formatCount(live, 'live resource'), section: 'resources', isAlarming: false },
      {
        says: formatCount(activity.clouds.size, 'cloud'),
        section: 'clouds',
        isAlarming: false,
      },
    ],
    scope: describeScope(database),
    caveats: [...listCaveats(database), ...interruptionCaveats(interruptions)],
    clouds: listClouds(database),
    sections: [
      {
        name: 'resources',
        title: 'Resources by cloud, type and project',
        note: 'Received and given are changes of the owner; first and last seen are times of recording. The live resources one by one: mixmatch audit placement --sp CLOUD --type TYPE --project PROJECT.',
        columns: [
          'service_provider',
          'type',
          'project',
          'live',
          'created',
          'received',
          'given',
          'deleted',
          'first_seen',
          'last_seen',
        ],
        rows: resources,
      },
      cloudSection(activity, silences, gaps, countDuplicates(notes)),
      silenceSection(silences),
      gapSection(gaps),
      {
        name: 'conflicts',
        title: 'Ids that several clouds claim now',
        columns: ['resource', 'service_providers'],
        rows: conflicts,
      },
      {
        name: 'transfers',
        title: 'Changes of the owner, by giver and receiver',
        columns: ['from', 'to', 'count'],
        rows: transfers.map(each => ({ ...each })),
      },
    ],
    charts: [
      chartResources(database, interruptions),
      chartActivity(interruptions),
      chartTransfers(transfers),
      chartProjects(countByProject(database), 'resources'),
    ],
  }
}

interface ResourceRow extends Cells {
  readonly live: number
}

function resourceRows({ db }: AuditDatabase): ResourceRow[] {
  const rows = db
    .prepare<[], ResourceRow & { type: number; first_position: number; last_position: number }>(
      `select sp.name as service_provider, p.resource_type as type, pr.name as project,
        count(*) filter (where p.to_at is null) as live,
        count(*) filter (where before.to_position is null) as created,
        count(*) filter (where before.to_position is not null) as received,
        count(*) filter (where next.from_position is not null) as given,
        count(*) filter (where p.to_at is not null and next.from_position is null) as deleted,
        min(l.first_position) as first_position, max(l.last_position) as last_position
      from placements p
      join locations l using (resource_type, resource_id, service_provider)
      left join placements before on ${succeeds('p', 'before')}
      left join placements next on ${succeeds('next', 'p')}
      join service_providers sp on sp.id = p.service_provider
      left join projects pr on pr.id = p.owner
      group by p.service_provider, p.resource_type, p.owner
      order by sp.id, p.resource_type, live desc, pr.name`,
    )
    .all()
  const recordedAt = db
    .prepare<[number], number>('select recorded_at from history where position = ?')
    .pluck()
  return rows.map(({ type, first_position, last_position, ...row }) => ({
    ...row,
    type: resourceTypeOf(type),
    first_seen: time(recordedAt.get(first_position) ?? null),
    last_seen: time(recordedAt.get(last_position) ?? null),
  }))
}

function conflictRows({ db }: AuditDatabase): Cells[] {
  return allConflicts(db).map(({ resource, serviceProviders }) => ({
    resource,
    service_providers: serviceProviders.join(', '),
  }))
}

function cloudSection(
  { clouds }: Activity,
  silences: readonly Silence[],
  gaps: readonly Gap[],
  absorbed: ReadonlyMap<string, number>,
): Section {
  return {
    name: 'clouds',
    title: 'Events of each cloud',
    note: 'Absorbed are messages that came again and are recorded once. Lag is the time from the cloud’s clock to ours, in seconds: below zero, theirs is ahead.',
    columns: [
      'service_provider',
      'events',
      'by_bus',
      'unparseable',
      'absorbed',
      'first_heard',
      'last_heard',
      'least_lag',
      'greatest_lag',
      'silences',
      'gaps',
    ],
    links: { silences: 'silences', gaps: 'gaps' },
    rows: [...clouds].map(([cloud, slices]) => ({
      service_provider: cloud,
      events: sum(slices.map(slice => slice.events)),
      by_bus: sum(slices.map(slice => slice.heard)),
      unparseable: sum(slices.map(slice => slice.unparseable)),
      absorbed: absorbed.get(cloud) ?? 0,
      first_heard: time(minimum(slices.map(slice => slice.first_heard))),
      last_heard: time(maximum(slices.map(slice => slice.last_heard))),
      least_lag: toSeconds(minimum(slices.map(slice => slice.least_lag))),
      greatest_lag: toSeconds(maximum(slices.map(slice => slice.greatest_lag))),
      silences: silences.filter(silence => silence.cloud === cloud).length,
      gaps: gaps.filter(gap => gap.cloud === cloud).length,
    })),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
