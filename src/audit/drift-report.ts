import { ownEventTypes } from '../event/event.js'
import { sourceCode } from '../event/stored.js'
import {
  type AuditDatabase,
  describeScope,
  listCaveats,
  readResource,
  time,
} from './audit-database.js'
import type { Report } from './report.js'

interface DriftRow {
  readonly service_provider: string
  readonly resource_type: number
  readonly resource_id: Buffer | string
  readonly project: string | null
  readonly event_type: string
  readonly position: number
  readonly recorded_at: number
}

const meaning: Readonly<Record<string, string>> = {
  [ownEventTypes.reconcileUnknown]: 'the cloud had it, the log did not know',
  [ownEventTypes.reconcileReturned]: 'the cloud had it, the log said that it was deleted',
  [ownEventTypes.reconcileOwner]: 'it was another project’s in the cloud than in the log',
  [ownEventTypes.reconcileGone]: 'the log had it, the cloud did not',
}

/** The differences between clouds and log that `reconcile` found. */
export function reportDrift(database: AuditDatabase): Report {
  const rows = database.db
    .prepare<[number], DriftRow>(
      `select sp.name as service_provider, e.resource_type, e.resource_id, pr.name as project,
        t.name as event_type, e.position, e.recorded_at
      from history e join service_providers sp on sp.id = e.service_provider
      join log.event_types t on t.id = e.event_type
      left join projects pr on pr.id = e.project
      where e.origin in (select id from log.origins where source = ${sourceCode('reconcile')})
        and e.resource_id is not null and e.position <= ?
      order by e.position`,
    )
    .all(database.upTo)
  return {
    title: 'Drift',
    verdict: `${rows.length} differences were found by reconciling.`,
    scope: describeScope(database),
    caveats: listCaveats(database),
    sections: [
      {
        name: 'drift',
        title: 'What reconciling found',
        columns: ['position', 'recorded_at', 'service_provider', 'resource', 'project', 'found'],
        rows: rows.map(row => ({
          position: row.position,
          recorded_at: time(row.recorded_at),
          service_provider: row.service_provider,
          resource: readResource(row.resource_type, row.resource_id),
          project: row.project,
          found: meaning[row.event_type] ?? row.event_type,
        })),
      },
    ],
    charts: [],
  }
}
