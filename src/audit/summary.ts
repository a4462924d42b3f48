import { resourceTypeOf } from '../event/stored.js'
import { allConflicts } from '../projection/conflicts.js'
import { type Activity, activityOf, type Silence, silencesIn } from './activity.js'
import { type Audited, caveatsOf, scopeOf, time } from './audited.js'
import { activityStrip, ownershipFlows, projectsByCloud, resourcesOverTime } from './charts.js'
import { follows } from './follows.js'
import { type Gap, gapsIn } from './gaps.js'
import { absorbedIn, notesIn } from './notes.js'
import { counted, greatest, least, seconds } from './numbers.js'
import type { Cells, Report, Section } from './report.js'

/**
 * What there is and was: per cloud, project and type; what each bus said and when it did not; where
 * the recorder itself noted a gap; which ids several clouds claim.
 *
 * @param silence how long a bus may say nothing before it is worth a line, in microseconds
 */
export function summaryOf(audited: Audited, silence: number): Report {
  const activity = activityOf(audited, silence)
  const silences = silencesIn(activity, silence)
  const notes = notesIn(audited, activity)
  const gaps = gapsIn(notes)
  const resources = resourceRows(audited)
  const conflicts = conflictRows(audited)
  const live = resources.reduce((sum, { live }) => sum + live, 0)
  return {
    title: 'Audit summary',
    verdict:
      `${counted(live, 'resource')} live in ${counted(activity.clouds.size, 'cloud')}; ` +
      `${counted(silences.length, 'silence')}, ${counted(gaps.length, 'gap')}, ` +
      `${counted(conflicts.length, 'conflict')}.`,
    scope: scopeOf(audited),
    caveats: caveatsOf(audited),
    sections: [
      {
        name: 'resources',
        title: 'Resources by cloud, type and project',
        note: 'Received and given are changes of the owner; first and last seen are times of recording.',
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
      cloudSection(activity, silences, gaps, absorbedIn(notes)),
      silenceSection(silences),
      gapSection(gaps),
      {
        name: 'conflicts',
        title: 'Ids that several clouds claim now',
        columns: ['resource', 'service_providers'],
        rows: conflicts,
      },
    ],
    charts: [
      resourcesOverTime(audited),
      activityStrip(activity, silences, gaps),
      ownershipFlows(audited),
      projectsByCloud(audited),
    ],
  }
}

interface ResourceRow extends Cells {
  readonly live: number
}

function resourceRows({ db }: Audited): ResourceRow[] {
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
      left join placements before on ${follows('p', 'before')}
      left join placements next on ${follows('next', 'p')}
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

function conflictRows({ db }: Audited): Cells[] {
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
    title: 'What each cloud said',
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
    rows: [...clouds].map(([cloud, pieces]) => ({
      service_provider: cloud,
      events: sum(pieces.map(piece => piece.events)),
      by_bus: sum(pieces.map(piece => piece.heard)),
      unparseable: sum(pieces.map(piece => piece.unparseable)),
      absorbed: absorbed.get(cloud) ?? 0,
      first_heard: time(least(pieces.map(piece => piece.first_heard))),
      last_heard: time(greatest(pieces.map(piece => piece.last_heard))),
      least_lag: seconds(least(pieces.map(piece => piece.least_lag))),
      greatest_lag: seconds(greatest(pieces.map(piece => piece.greatest_lag))),
      silences: silences.filter(silence => silence.cloud === cloud).length,
      gaps: gaps.filter(gap => gap.cloud === cloud).length,
    })),
  }
}

export function silenceSection(silences: readonly Silence[]): Section {
  return {
    name: 'silences',
    title: 'Silences: times in which a bus said nothing',
    columns: ['service_provider', 'from', 'until', 'hours', 'lasts'],
    rows: silences.map(({ cloud, from, until, lasts }) => ({
      service_provider: cloud,
      from: time(from),
      until: time(until),
      hours: Math.round((until - from) / 360e6) / 10,
      lasts,
    })),
  }
}

export function gapSection(gaps: readonly Gap[]): Section {
  return {
    name: 'gaps',
    title: 'Gaps: what the recorder noted about itself',
    columns: ['service_provider', 'from', 'until', 'what', 'position'],
    rows: gaps.map(({ cloud, from, until, what, position }) => ({
      service_provider: cloud,
      from: time(from),
      until: time(until),
      what,
      position,
    })),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
