import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { resourceTypeCode, storeId } from '../event/stored.js'
import { position, projectId, resourceId, resourceTypes } from '../ids.js'
import type { LogReader } from '../log/event-log.js'
import { toPortable } from '../log/portable.js'
import { preparePlacements } from '../replay/placement-history.js'
import { firstPositionAt, positionAt } from '../replay/point.js'
import { eventDetailShape, eventRow, eventShape, type ShownEvent } from './event-row.js'
import { eventRowsSql, readShownEvent, type StoredEventRow } from './event-rows-sql.js'
import { defineQuery, namesText, pointText, wholeNumber } from './query.js'
import { resolveResourceId } from './resource-argument.js'
import { maySee, type Viewer } from './viewer.js'

/** Rows of one page that are read at most: about 20 ms. */
const MOST_SCANNED = 100_000
/** Events of one page whose owner is looked up at most: about 30 ms. */
const MOST_OWNERS = 300

/** The filters of events, in a page and in the live stream. */
const eventFilters = {
  cloud: namesText.optional().meta({ description: 'Only of these clouds, separated by commas.' }),
  type: namesText.optional().meta({
    description: 'Only of these event types, separated by commas; volume.* for all of this prefix.',
  }),
  resource: z.string().max(255).optional().meta({
    description:
      'Only events that create, change, transfer or delete this resource, none of kind `noted`: its id, or a unique prefix of it.',
  }),
  project: namesText.optional().meta({ description: 'Only of these projects.' }),
}

const pageParameters = z.strictObject({
  ...eventFilters,
  since: pointText.optional(),
  until: pointText.optional(),
  order: z.enum(['newest', 'oldest']).default('newest'),
  limit: wholeNumber(1, 1000).default(100),
  cursor: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().meta({
    description: 'The `next` of the page before.',
  }),
})

export const eventsQuery = defineQuery({
  summary:
    'Events, newest first. A page reads a limited part of the log: it can be short, or empty, ' +
    'although there is a next page. The last page has no next.',
  parameters: pageParameters,
  answer: z.object({
    events: z.array(eventShape),
    next: z.number().int().nullable(),
    /** The positions that were searched for this page, both inclusive. */
    searched: z.object({ from: z.number().int(), to: z.number().int() }),
  }),
  run: ({ log }, parameters, viewer) => readEventPage(log, parameters, viewer),
})

export const eventQuery = defineQuery({
  summary: 'One event with its origin and its message, without secrets.',
  parameters: z.strictObject({ position: wholeNumber(1, Number.MAX_SAFE_INTEGER) }),
  answer: eventDetailShape,
  run({ log }, { position: at }, viewer) {
    const event = log.get(position(at))
    if (event !== undefined && prepareVisibility(log, viewer)(event)) return toPortable(event)
    throw new MixmatchError(
      'NOT_FOUND',
      `There is no event ${at}. The log has events up to ${log.head().position}.`,
    )
  },
})

type PageParameters = z.output<typeof pageParameters>

/** Read one page of events. */
function readEventPage(log: LogReader, parameters: PageParameters, viewer: Viewer) {
  const { order, limit, cursor } = parameters
  const isNewest = order === 'newest'
  const first = parameters.since ? firstPositionAt(log, parameters.since) : log.base().position + 1
  const last = parameters.until ? positionAt(log, parameters.until) : log.head().position
  const from = Math.max(first, !isNewest && cursor !== undefined ? cursor + 1 : 0)
  const to = Math.min(last, isNewest && cursor !== undefined ? cursor - 1 : last)
  const { sql, values, isIndexed } = conditionsOf(log, parameters, viewer)
  const window = isIndexed ? { from, to } : windowOf(from, to, isNewest)
  const candidates = log.db
    .prepare<[object], StoredEventRow>(
      `${eventRowsSql} where ${sql} and ${isIndexed ? '+' : ''}e.position between :from and :to
      order by e.position ${isNewest ? 'desc' : 'asc'}`,
    )
    .iterate({ ...values, ...window })
  const isShown = prepareVisibility(log, viewer)
  const events: ShownEvent[] = []
  let lookups = 0
  let reached: number | null = null
  for (const row of candidates) {
    const event = readShownEvent(row)
    reached = event.position
    if (viewer !== 'all' && event.project === null) lookups += 1
    if (isShown(event)) events.push(event)
    if (events.length === limit || lookups === MOST_OWNERS) break
    reached = null
  }
  const end = reached ?? (isNewest ? window.from : window.to)
  const isOver = isNewest ? end <= from : end >= to
  return {
    events: events.map(eventRow),
    next: isOver ? null : end,
    searched: isNewest ? { from: end, to: window.to } : { from: window.from, to: end },
  }
}

function windowOf(from: number, to: number, isNewest: boolean) {
  return isNewest
    ? { from: Math.max(from, to - MOST_SCANNED + 1), to }
    : { from, to: Math.min(to, from + MOST_SCANNED - 1) }
}

interface Conditions {
  readonly sql: string
  readonly values: Readonly<Record<string, string | number | Buffer>>
  /** Whether the index of resources finds the rows, so that no window is needed. */
  readonly isIndexed: boolean
}

function conditionsOf(log: LogReader, parameters: PageParameters, viewer: Viewer): Conditions {
  const { cloud, type, resource, project } = parameters
  const idsOf = (table: string, condition: string, names: readonly string[]) =>
    JSON.stringify(
      log.db
        .prepare<[string], number>(
          `select id from ${table} where exists (select 1 from json_each(?) where ${condition})`,
        )
        .pluck()
        .all(JSON.stringify(names)),
    )
  const among = (column: string, ids: string) =>
    `+e.${column} in (select value from json_each('${ids}'))`
  const sql = [
    ...(cloud
      ? [among('service_provider', idsOf('service_providers', 'value = name', cloud))]
      : []),
    ...(type ? [among('event_type', idsOf('event_types', TYPE_MATCHES, type))] : []),
    ...(project
      ? [among('project', idsOf('projects', 'value = name', project.map(projectId)))]
      : []),
    ...(viewer === 'all' ? [] : [ownOrUnknown(idsOf('projects', 'value = name', namesOf(viewer)))]),
  ]
  if (resource === undefined)
    return { sql: ['true', ...sql].join(' and '), values: {}, isIndexed: false }
  const types = resourceTypes.map(resourceTypeCode).join(', ')
  return {
    sql: [
      `e.resource_type in (${types}) and e.resource_id = :resource and e.kind > 0`,
      ...sql,
    ].join(' and '),
    values: { resource: storeId(idOf(log, resource, viewer)) },
    isIndexed: true,
  }
}

/** A reader needs the whole id: a prefix would show that another project has such a resource. */
function idOf(log: LogReader, text: string, viewer: Viewer) {
  return viewer === 'all' ? resolveResourceId(log, text) : resourceId(text)
}

const TYPE_MATCHES = `value = name
  or (substr(value, -1) = '*' and substr(name, 1, length(value) - 1) = substr(value, 1, length(value) - 1))`

function namesOf(viewer: Exclude<Viewer, 'all'>): string[] {
  return viewer.map(({ project }) => project)
}

/** An event without a project belongs to the owner of its resource. `prepareVisibility` looks that up. */
function ownOrUnknown(ids: string): string {
  return `(e.project in (select value from json_each('${ids}'))
    or (e.project is null and e.resource_id is not null))`
}

/**
 * Prepare to decide whether an event may be shown. Without a project of its own, as most deletions, it
 * belongs to the project that owned the resource at that cloud at its time.
 */
function prepareVisibility(log: LogReader, viewer: Viewer): (event: ShownEvent) => boolean {
  if (viewer === 'all') return () => true
  const placements = preparePlacements(log)
  const head = log.head().position
  return ({ resource, project, serviceProvider, emittedAt, recordedAt }) => {
    if (project !== null) return maySee(viewer, serviceProvider, project)
    if (resource === null) return false
    const at = emittedAt ?? recordedAt
    return placements(resource.id, head).some(
      placement =>
        placement.type === resource.type &&
        placement.serviceProvider === serviceProvider &&
        placement.from.at <= at &&
        at <= (placement.to?.at ?? at) &&
        maySee(viewer, serviceProvider, placement.project),
    )
  }
}
