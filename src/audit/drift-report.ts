import * as z from 'zod'
import { ownEventTypes } from '../event/event.js'
import { sourceCode } from '../event/stored.js'
import type { Position } from '../ids.js'
import { parseJson } from '../json.js'
import {
  type AuditDatabase,
  describeScope,
  listCaveats,
  listClouds,
  readResource,
  time,
} from './audit-database.js'
import { formatCount } from './numbers.js'
import type { Caveat, Report } from './report.js'

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

/**
 * Report the differences between clouds and log that `reconcile` found, and when each cloud was reconciled
 * last: without a run there are no differences to find.
 *
 * @returns the report, and whether there are differences
 */
export function reportDrift(database: AuditDatabase): { report: Report; found: boolean } {
  const rows = readDifferences(database)
  const runs = readLastRuns(database)
  const never = runs.filter(({ result }) => result === NEVER)
  const differences = formatCount(rows.length, 'difference')
  const report: Report = {
    title: 'Drift',
    verdict: describeDrift(runs, rows.length),
    findings: [
      { says: differences, section: 'drift', isAlarming: rows.length > 0 },
      {
        says: `${formatCount(never.length, 'cloud')} never reconciled`,
        section: 'runs',
        isAlarming: never.length > 0,
      },
    ],
    scope: describeScope(database),
    caveats: [...listCaveats(database), ...runCaveats(runs)],
    clouds: listClouds(database),
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
      {
        name: 'runs',
        title: 'When each cloud was reconciled last',
        note: 'A user that sees only its project finds only the differences of that project.',
        columns: ['service_provider', 'result', 'recorded_at', 'sees', 'position'],
        rows: runs.map(run => ({ ...run, recorded_at: time(run.recorded_at) })),
      },
    ],
    charts: [],
  }
  return { report, found: rows.length > 0 }
}

function readDifferences({ db, upTo }: AuditDatabase): DriftRow[] {
  return db
    .prepare<[number], DriftRow>(
      `select sp.name as service_provider, e.resource_type, e.resource_id, pr.name as project,
        t.name as event_type, e.position, e.recorded_at
      from history e join service_providers sp on sp.id = e.service_provider
      join log.event_types t on t.id = e.event_type
      left join projects pr on pr.id = e.project
      where ${BY_RECONCILE} and e.resource_id is not null and e.position <= ?
      order by e.position`,
    )
    .all(upTo)
}

const BY_RECONCILE = `e.origin in (select id from log.origins where source = ${sourceCode('reconcile')})`

const NEVER = 'never reconciled'

/** The newest run at a cloud. */
interface LastRun {
  readonly service_provider: string
  readonly result: 'complete' | 'incomplete' | typeof NEVER
  readonly recorded_at: number | null
  readonly sees: string | null
  readonly position: number | null
}

const finished = z.object({ as: z.object({ sees: z.string() }).nullable() })

function readLastRuns(database: AuditDatabase): LastRun[] {
  const { db, history, upTo } = database
  const newest = db.prepare<
    [string, number],
    { position: Position; event_type: string; recorded_at: number }
  >(
    `select e.position, t.name as event_type, e.recorded_at
    from history e join log.event_types t on t.id = e.event_type
    where e.service_provider = (select id from service_providers where name = ?) and ${BY_RECONCILE}
      and t.name in ('${ownEventTypes.reconcileFinished}', '${ownEventTypes.reconcileIncomplete}')
      and e.position <= ?
    order by e.position desc limit 1`,
  )
  return listClouds(database).map(service_provider => {
    const run = newest.get(service_provider, upTo)
    if (run === undefined) {
      return { service_provider, result: NEVER, recorded_at: null, sees: null, position: null }
    }
    const { position, recorded_at, event_type } = run
    const { data } = finished.safeParse(parseJson(history.get(position)?.body ?? ''))
    const result = event_type === ownEventTypes.reconcileFinished ? 'complete' : 'incomplete'
    return { service_provider, result, recorded_at, sees: data?.as?.sees ?? null, position }
  })
}

function describeDrift(runs: readonly LastRun[], differences: number): string {
  const done = runs.filter(({ recorded_at }) => recorded_at !== null)
  if (done.length === 0) return 'No cloud was ever reconciled: nothing is known about drift.'
  const last = done.map(
    run => `${run.service_provider} ${time(run.recorded_at)?.slice(0, 16).replace('T', ' ')}`,
  )
  return `${formatCount(differences, 'difference')} found by reconciling, last at ${last.join(', ')}.`
}

function runCaveats(runs: readonly LastRun[]): Caveat[] {
  const named = (which: (run: LastRun) => boolean) =>
    runs
      .filter(which)
      .map(run => run.service_provider)
      .join(', ')
  const never = named(({ result }) => result === NEVER)
  const incomplete = named(({ result }) => result === 'incomplete')
  const narrow = named(({ sees }) => sees === 'project')
  return [
    ...(never === ''
      ? []
      : [
          {
            text: `${never}: never reconciled, so nothing is known about drift there. mixmatch reconcile does it.`,
            brief: `${never} never reconciled`,
          },
        ]),
    ...(incomplete === ''
      ? []
      : [
          {
            text: `${incomplete}: the last run was incomplete, so it may have missed differences.`,
            brief: `the last run at ${incomplete} incomplete`,
          },
        ]),
    ...(narrow === ''
      ? []
      : [
          {
            text: `${narrow}: the last run saw only one project, so it may have missed differences of others.`,
            brief: `only one project seen at ${narrow}`,
          },
        ]),
  ]
}
