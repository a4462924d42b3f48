import { ownEventTypes } from '../event/event.js'
import { kindCode, type StoredId } from '../event/stored.js'
import {
  type AuditDatabase,
  describeScope,
  listCaveats,
  listClouds,
  readResource,
  time,
} from './audit-database.js'
import { chartActivity } from './charts.js'
import { gapSection, silenceSection } from './gap-sections.js'
import { interruptionCaveats, interruptionFindings, readInterruptions } from './interruptions.js'
import { formatCount, maximum, minimum, toSeconds } from './numbers.js'
import { succeeds } from './placement-rows.js'
import type { Cells, Report } from './report.js'

const CREATED = kindCode('created')
const CHANGED = kindCode('changed')
const TRANSFERRED = kindCode('transferred')
const DELETED = kindCode('deleted')

/** A clock that is ahead by more than this, in microseconds, is reported. */
const AHEAD = 2e6

/** If every message is older than this, in microseconds, the clock of the cloud is behind. */
const BEHIND = 60e6

/**
 * Report events that contradict earlier events of the same cloud, or events of another cloud. An anomaly
 * proves nothing, but it shows where to look.
 *
 * @param silence the longest time without a notification that is not reported, in microseconds
 * @returns the report, and whether there is an anomaly
 */
export function reportAnomalies(
  database: AuditDatabase,
  silence: number,
): { report: Report; found: boolean } {
  const interruptions = readInterruptions(database, silence)
  const { activity, silences, gaps } = interruptions
  const found = checks.flatMap(({ what, sql }) => runCheck(database, what, sql))
  const skews = [...activity.clouds].flatMap(([cloud, slices]) =>
    skewOf(
      cloud,
      minimum(slices.map(slice => slice.least_lag)),
      maximum(slices.map(slice => slice.least_lag)),
    ),
  )
  const rows = [...found, ...skews]
  const count = formatCount(rows.length, 'anomaly', 'anomalies')
  const report: Report = {
    title: 'Anomalies',
    verdict: [
      count,
      formatCount(gaps.length, 'gap'),
      `${formatCount(silences.length, 'silence')}.`,
    ].join(', '),
    findings: [
      { says: count, section: 'anomalies', isAlarming: rows.length > 0 },
      ...interruptionFindings(interruptions),
    ],
    scope: describeScope(database),
    caveats: [...listCaveats(database), ...interruptionCaveats(interruptions)],
    clouds: listClouds(database),
    sections: [
      {
        name: 'anomalies',
        title: 'What does not fit together',
        columns: ['what', 'service_provider', 'resource', 'at', 'positions', 'says'],
        rows,
      },
      gapSection(gaps),
      silenceSection(silences),
    ],
    charts: [chartActivity(interruptions)],
  }
  return { report, found: rows.length > 0 }
}

interface AnomalyRow {
  readonly service_provider: string
  readonly resource_type: number
  readonly resource_id: StoredId
  readonly at: number
  readonly position: number
  readonly other: number | null
  readonly says: string
}

const COLUMNS = `p.resource_type, p.resource_id, sp.name as service_provider`

/** SQLite does not reorder a cross join: it reads the few relevant resources first, then their events. */
const checks: readonly { readonly what: string; readonly sql: string }[] = [
  {
    what: 'deleted without having been created',
    sql: `
      select ${COLUMNS}, p.from_at as at, p.from_position as position, null as other,
        'nothing was heard of it before its deletion' as says
      from placements p join service_providers sp on sp.id = p.service_provider
      join history e on e.position = p.from_position
      where p.to_position = p.from_position and e.kind = ${DELETED}`,
  },
  {
    what: 'spoken of after its deletion',
    sql: `
      select ${COLUMNS}, e.at, e.position, max(p.to_position) as other, t.name as says
      from locations l
      cross join placements p using (resource_type, resource_id, service_provider)
      cross join history e on e.resource_type = l.resource_type and e.resource_id = l.resource_id
        and e.service_provider = l.service_provider and e.kind > 0
        and e.kind in (${CHANGED}, ${TRANSFERRED})
        and e.at > p.to_at
      join log.event_types t on t.id = e.event_type
      join service_providers sp on sp.id = l.service_provider
      where l.deleted_at is not null and l.last_position > p.to_position and +e.position <= :upTo
        and not exists (select 1 from placements c where c.resource_type = l.resource_type
          and c.resource_id = l.resource_id and c.service_provider = l.service_provider
          and c.from_at <= e.at and ifnull(c.to_at >= e.at, true))
      group by e.position`,
  },
  {
    what: 'owner changed without a transfer',
    sql: `
      select ${COLUMNS}, p.from_at as at, p.from_position as position, before.from_position as other,
        t.name || ': ' || giver.name || ' to ' || taker.name as says
      from placements p join placements before on ${succeeds('p', 'before')}
      join history e on e.position = p.from_position
      join log.event_types t on t.id = e.event_type
      join service_providers sp on sp.id = p.service_provider
      join projects giver on giver.id = before.owner
      join projects taker on taker.id = p.owner
      where e.kind <> ${TRANSFERRED}`,
  },
  {
    what: 'claimed by two clouds',
    sql: `
      select ${COLUMNS}, max(p.from_at, o.from_at) as at, p.from_position as position,
        o.from_position as other, 'also at ' || os.name ||
          case when p.to_at is null and o.to_at is null then ', still' else '' end as says
      from placements p join placements o on o.resource_type = p.resource_type
        and o.resource_id = p.resource_id and o.service_provider <> p.service_provider
        and o.from_at < ifnull(p.to_at, 9e18) and p.from_at < ifnull(o.to_at, 9e18)
      join service_providers sp on sp.id = p.service_provider
      join service_providers os on os.id = o.service_provider
      where o.from_position < p.from_position`,
  },
  {
    what: 'gone without a word',
    sql: `
      select ${COLUMNS}, p.to_at as at, p.to_position as position, p.from_position as other,
        'its cloud never said that it was deleted: ' || t.name as says
      from placements p join history e on e.position = p.to_position
      join log.event_types t on t.id = e.event_type
      join service_providers sp on sp.id = p.service_provider
      where t.name = '${ownEventTypes.observedMissing}'`,
  },
  {
    what: 'created twice',
    sql: `
      select ${COLUMNS}, e.at, e.position, p.from_position as other, t.name as says
      from placements p cross join locations l using (resource_type, resource_id, service_provider)
      cross join history b on b.position = p.from_position
      cross join history e on e.resource_type = p.resource_type and e.resource_id = p.resource_id
        and e.service_provider = p.service_provider and e.kind = ${CREATED}
        and e.kind > 0 and e.at > p.from_at and e.at <= ifnull(p.to_at, 9e18)
        and e.event_type = b.event_type and +e.position <= :upTo
      join log.event_types t on t.id = e.event_type and t.name not like '%.exists'
        and t.name not like 'mixmatch.%'
      join service_providers sp on sp.id = p.service_provider
      where l.created_at > p.from_at`,
  },
]

function runCheck({ db, upTo }: AuditDatabase, what: string, sql: string): Cells[] {
  const statement = db.prepare<unknown[], AnomalyRow>(`${sql} order by 4, 5`)
  const rows = sql.includes(':upTo') ? statement.all({ upTo }) : statement.all()
  return rows.map(row => ({
    what,
    service_provider: row.service_provider,
    resource: readResource(row.resource_type, row.resource_id),
    at: time(row.at),
    positions: row.other === null ? `${row.position}` : `${row.other}, ${row.position}`,
    says: row.says,
  }))
}

/** @param mostLeast the maximum over all slices of the age of the newest message */
function skewOf(cloud: string, ahead: number | null, mostLeast: number | null): Cells[] {
  const row = { what: 'clock', service_provider: cloud, resource: null, at: null, positions: null }
  return [
    ...(ahead !== null && ahead < -AHEAD
      ? [{ ...row, says: `its clock is ahead of ours by ${toSeconds(-ahead)} s or more` }]
      : []),
    ...(ahead !== null && mostLeast !== null && ahead > BEHIND
      ? [
          {
            ...row,
            says: `no message was younger than ${toSeconds(ahead)} s: its clock is behind, or its bus is late`,
          },
        ]
      : []),
  ]
}
