import { ownEventTypes } from '../event/event.js'
import { kindCode, type StoredId } from '../event/stored.js'
import { activityOf, silencesIn } from './activity.js'
import { type Audited, caveatsOf, readResource, scopeOf, time } from './audited.js'
import { activityStrip } from './charts.js'
import { follows } from './follows.js'
import { gapsIn } from './gaps.js'
import { notesIn } from './notes.js'
import { counted, greatest, least, seconds } from './numbers.js'
import type { Cells, Report } from './report.js'
import { gapSection, silenceSection } from './summary.js'

const CREATED = kindCode('created')
const CHANGED = kindCode('changed')
const TRANSFERRED = kindCode('transferred')
const DELETED = kindCode('deleted')

/** A cloud's clock this far ahead of ours cannot be the network. */
const AHEAD = 2e6

/** A message that is never younger than this was not only slow: the clock behind it is. */
const BEHIND = 60e6

/**
 * What does not fit together: what clouds say of themselves against what they said before, and
 * against each other. An anomaly is no proof of a wrong; it is where to look.
 *
 * @param silence how long a bus may say nothing, in microseconds
 */
export function anomaliesOf(audited: Audited, silence: number): Report {
  const activity = activityOf(audited, silence)
  const silences = silencesIn(activity, silence)
  const gaps = gapsIn(notesIn(audited, activity))
  const found = questions.flatMap(({ what, sql }) => ask(audited, what, sql))
  const skews = [...activity.clouds].flatMap(([cloud, pieces]) =>
    skewOf(
      cloud,
      least(pieces.map(piece => piece.least_lag)),
      greatest(pieces.map(piece => piece.least_lag)),
    ),
  )
  const rows = [...found, ...skews]
  return {
    title: 'Anomalies',
    verdict: [
      counted(rows.length, 'anomaly', 'anomalies'),
      counted(gaps.length, 'gap'),
      `${counted(silences.length, 'silence')}.`,
    ].join(', '),
    scope: scopeOf(audited),
    caveats: caveatsOf(audited),
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
    charts: [activityStrip(activity, silences, gaps)],
  }
}

interface Found {
  readonly service_provider: string
  readonly resource_type: number
  readonly resource_id: StoredId
  readonly at: number
  readonly position: number
  readonly other: number | null
  readonly says: string
}

const TURN = `p.resource_type, p.resource_id, sp.name as service_provider`

/** A cross join keeps its order: from the few resources in question to their events. */
const questions: readonly { readonly what: string; readonly sql: string }[] = [
  {
    what: 'deleted without having been created',
    sql: `
      select ${TURN}, p.from_at as at, p.from_position as position, null as other,
        'nothing was heard of it before its deletion' as says
      from placements p join service_providers sp on sp.id = p.service_provider
      join history e on e.position = p.from_position
      where p.to_position = p.from_position and e.kind = ${DELETED}`,
  },
  {
    what: 'spoken of after its deletion',
    sql: `
      select ${TURN}, e.at, e.position, max(p.to_position) as other, t.name as says
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
      select ${TURN}, p.from_at as at, p.from_position as position, before.from_position as other,
        t.name || ': ' || giver.name || ' to ' || taker.name as says
      from placements p join placements before on ${follows('p', 'before')}
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
      select ${TURN}, max(p.from_at, o.from_at) as at, p.from_position as position,
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
      select ${TURN}, p.to_at as at, p.to_position as position, p.from_position as other,
        'its cloud never said that it was deleted: ' || t.name as says
      from placements p join history e on e.position = p.to_position
      join log.event_types t on t.id = e.event_type
      join service_providers sp on sp.id = p.service_provider
      where t.name = '${ownEventTypes.observedMissing}'`,
  },
  {
    what: 'created twice',
    sql: `
      select ${TURN}, e.at, e.position, p.from_position as other, t.name as says
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

function ask({ db, upTo }: Audited, what: string, sql: string): Cells[] {
  const statement = db.prepare<unknown[], Found>(`${sql} order by 4, 5`)
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

/** @param mostLeast the greatest of the least lags: how old the freshest message was in the worst time */
function skewOf(cloud: string, ahead: number | null, mostLeast: number | null): Cells[] {
  const row = { what: 'clock', service_provider: cloud, resource: null, at: null, positions: null }
  return [
    ...(ahead !== null && ahead < -AHEAD
      ? [{ ...row, says: `its clock is ahead of ours by ${seconds(-ahead)} s or more` }]
      : []),
    ...(ahead !== null && mostLeast !== null && ahead > BEHIND
      ? [
          {
            ...row,
            says: `no message was younger than ${seconds(ahead)} s: its clock is behind, or its bus is late`,
          },
        ]
      : []),
  ]
}
