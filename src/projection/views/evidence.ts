import type { Database } from 'better-sqlite3'
import { ownEventTypes } from '../../event/event.js'
import { resourceTypeCode, type StoredId, sourceCode, storeId } from '../../event/stored.js'
import { projectId, type ResourceId, type ResourceType, resourceTypes, spName } from '../../ids.js'
import type { Evidence } from '../place.js'
import type { Projection } from '../projection.js'
import { isPresent } from './locations.js'

/** Values of `presence_reports.result`. */
const ABSENT = 0
const FOUND = 1
const IMPORTED = 2

const reportTypes = [
  { name: ownEventTypes.observedAbsent, source: sourceCode('proxy'), result: ABSENT },
  { name: ownEventTypes.observedFound, source: sourceCode('proxy'), result: FOUND },
  { name: ownEventTypes.mappingImported, source: sourceCode('import'), result: IMPORTED },
]
/** Their routing key names the resource types that were listed completely. */
const listedTypes = [ownEventTypes.reconcileFinished, ownEventTypes.reconcileIncomplete].map(
  name => ({ name }),
)
/** These events mean that notifications may have been lost, so an earlier list may be incomplete. */
const gapTypes = [
  ownEventTypes.queueDeclared,
  ownEventTypes.exchangeRedeclared,
  ownEventTypes.exchangeDurable,
  ownEventTypes.exchangeTransient,
]

/**
 * What the log knows about where resources are not. With it, Mixmatch can check the claim of a service
 * provider that it holds a resource. `presence_reports` has results of reads through the proxy and of
 * imports. `inventories` has complete lists of an administrator, unless notifications may have been
 * lost since. Only events of Mixmatch itself count, not notifications of a cloud with the same names.
 */
export const evidence: Projection = {
  name: 'evidence',
  version: 2,
  tables: {
    // project: 0 if the result is for all projects.
    presence_reports: `(
      resource_type integer not null,
      resource_id any not null,
      service_provider integer not null,
      project integer not null,
      result integer not null,
      position integer not null,
      primary key (resource_type, resource_id, service_provider, project, result)
    ) strict, without rowid`,
    inventories: `(
      service_provider integer not null,
      resource_type integer not null,
      position integer not null,
      primary key (service_provider, resource_type)
    ) strict, without rowid`,
  },
  prepare(db) {
    const isUsed = db.prepare<[], number>(selectIsUsed('log.')).pluck()
    const range = 'e.position > :after and e.position <= :upTo'
    const addReports = db.prepare(`
      insert into presence_reports as known ${selectReports('log.', range)}
      on conflict do update set position = max(known.position, excluded.position)`)
    const addInventories = db.prepare(`
      insert into inventories as known ${selectInventories('log.', range)}
      on conflict do update set position = max(known.position, excluded.position)`)
    const dropInventories = db.prepare(`
      delete from inventories where position < ifnull((
        select max(gap.position) from (${selectGaps('log.', range)}) gap
        where gap.service_provider = inventories.service_provider), 0)`)
    return ({ after, upTo }) => {
      if (isUsed.get() !== 1) return
      addReports.run({ after, upTo })
      addInventories.run({ after, upTo })
      dropInventories.run({ after, upTo })
    }
  },
  rows: `
    select json_array(s.resource_type,
        case typeof(s.resource_id) when 'blob' then hex(s.resource_id) else s.resource_id end,
        sp.name, pr.name, s.result, s.position)
    from presence_reports s
    join service_providers sp on sp.id = s.service_provider
    left join projects pr on pr.id = s.project
    union all
    select json_array(sp.name, i.resource_type, i.position)
    from inventories i join service_providers sp on sp.id = i.service_provider
    order by 1`,
}

/** SQL for the rows of `FindEvidence`. The tables above and `locations` are tables of views or CTEs. For the plus see `selectPlaces`. */
const selectEvidence = `
  select sp.name as service_provider, pr.name as project, s.result as result
  from presence_reports s join service_providers sp on sp.id = s.service_provider
  left join projects pr on pr.id = s.project
  where s.resource_type = +:type and s.resource_id = +:id
  union all
  select sp.name, null, ${ABSENT}
  from inventories i join service_providers sp on sp.id = i.service_provider
  where i.resource_type = +:type
  union all
  select sp.name, null, ${ABSENT}
  from locations l join service_providers sp on sp.id = l.service_provider
  where l.resource_type = +:type and l.resource_id = +:id and not ${isPresent('l')}`

interface EvidenceRow {
  readonly service_provider: string
  readonly project: string | null
  readonly result: number
}

interface Resource {
  readonly type: number
  readonly id: StoredId
}

/** Prepare the query for the evidence of one resource in open views. */
export function prepareEvidence(db: Database): (type: number, id: StoredId) => Evidence {
  const rows = db.prepare<[Resource], EvidenceRow>(selectEvidence)
  return (type, id) => readEvidence(rows.all({ type, id }))
}

/**
 * Prepare the query for the evidence of one resource in a log without views, as of a position.
 *
 * @param locations the CTE that replaces the view `locations`, with the parameters `:type`, `:id` and `others`
 */
export function prepareEvidenceAt(
  db: Database,
  locations: string,
  others: Readonly<Record<string, number>>,
): (type: ResourceType, id: ResourceId) => Evidence {
  const isUsed = db.prepare<[], number>(selectIsUsed('')).pluck().get() === 1
  const rows = db.prepare<[object], EvidenceRow>(`
    with
    ${locations},
    ${isUsed ? tablesAt : noTables}
    ${selectEvidence}`)
  return (type, id) =>
    readEvidence(rows.all({ type: resourceTypeCode(type), id: storeId(id), ...others }))
}

const known = 'e.position <= :upTo'
const tablesAt = `
    presence_reports as (${selectReports('', `${known} and e.resource_type = :type and e.resource_id = :id`)}),
    gaps as (${selectGaps('', known)}),
    listed as (${selectInventories('', known)}),
    inventories as (select * from listed where position > ifnull(
      (select max(position) from gaps where service_provider = listed.service_provider), 0))`
const noTables = `
    presence_reports (resource_type, resource_id, service_provider, project, result) as (
      select 0, 0, 0, 0, 0 where false),
    inventories (service_provider, resource_type) as (select 0, 0 where false)`

function readEvidence(rows: readonly EvidenceRow[]): Evidence {
  const at = (result: number) => rows.filter(row => row.result === result)
  return {
    absent: at(ABSENT).map(({ service_provider, project }) => ({
      serviceProvider: spName(service_provider),
      project: project === null ? null : projectId(project),
    })),
    found: at(FOUND).map(({ service_provider }) => spName(service_provider)),
    imported: at(IMPORTED).map(({ service_provider }) => spName(service_provider)),
  }
}

/** SQL: whether a log has the names of such events. Most logs have none, so they need no search. */
function selectIsUsed(schema: string): string {
  const names = [...reportTypes, ...listedTypes].map(({ name }) => quoted(name)).join(', ')
  return `select exists (select 1 from ${schema}event_types where name in (${names}))`
}

function selectReports(schema: string, condition: string): string {
  const results = reportTypes.map(
    ({ name, source, result }) =>
      `when t.name = ${quoted(name)} and o.source = ${source} then ${result}`,
  )
  return `
    select resource_type, resource_id, service_provider,
      case result when ${ABSENT} then project else 0 end as project, result,
      max(position) as position
    from (
      select e.*, case ${results.join(' ')} end as result
      from ${schema}events e ${joinWords(schema)}
      where ${condition} and ${isOneOf(schema, reportTypes)})
    where result is not null and resource_type is not null
      and (result > ${ABSENT} or project is not null)
    group by 1, 2, 3, 4, 5`
}

function selectInventories(schema: string, condition: string): string {
  const types = resourceTypes.map(type => `(${quoted(type)}, ${resourceTypeCode(type)})`)
  return `
    select e.service_provider, types.column2 as resource_type, max(e.position) as position
    from ${schema}events e ${joinWords(schema)}
    join (values ${types.join(', ')}) types
      on instr(' ' || o.routing_key || ' ', ' ' || types.column1 || ' ') > 0
    where ${condition} and o.source = ${sourceCode('reconcile')} and ${isOneOf(schema, listedTypes)}
    group by 1, 2`
}

function selectGaps(schema: string, condition: string): string {
  const types = gapTypes.map(name => ({ name }))
  return `
    select e.service_provider, e.position
    from ${schema}events e ${joinWords(schema)}
    where ${condition} and o.source = ${sourceCode('recorder')} and ${isOneOf(schema, types)}`
}

/** A cross join, because SQLite must begin with the events: otherwise it reads them all to index them by origin. */
function joinWords(schema: string): string {
  return `cross join ${schema}event_types t on t.id = e.event_type
    cross join ${schema}origins o on o.id = e.origin`
}

/** SQL: whether the event type is one of these. It compares numbers, so SQLite filters before it joins. */
function isOneOf(schema: string, types: readonly { readonly name: string }[]): string {
  const names = types.map(({ name }) => quoted(name)).join(', ')
  return `e.event_type in (select id from ${schema}event_types where name in (${names}))`
}

function quoted(name: string): string {
  return `'${name}'`
}
