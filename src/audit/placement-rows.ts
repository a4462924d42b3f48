import type { StoredId } from '../event/stored.js'
import { type AuditDatabase, readResource, time } from './audit-database.js'
import { type Interruptions, interruptionMarks } from './interruptions.js'
import type { Cells, IntervalChart } from './report.js'

/** A row of the view `placements`, with names in place of numbers. */
export interface PlacementRow {
  readonly service_provider: string
  readonly resource_type: number
  readonly resource_id: StoredId
  readonly project: string | null
  readonly from_at: number
  readonly from_position: number
  readonly to_at: number | null
  readonly to_position: number | null
}

/** Select the placements `p` that meet an SQL condition, ordered by resource and time. */
export function selectPlacements(
  { db }: AuditDatabase,
  condition: string,
  values: Readonly<Record<string, unknown>>,
): PlacementRow[] {
  return db
    .prepare<[typeof values], PlacementRow>(
      `select sp.name as service_provider, p.resource_type, p.resource_id, pr.name as project,
        p.from_at, p.from_position, p.to_at, p.to_position
      from placements p join service_providers sp on sp.id = p.service_provider
      left join projects pr on pr.id = p.owner
      where ${condition}
      order by p.resource_type, p.resource_id, p.service_provider, p.from_at, p.from_position`,
    )
    .all(values)
}

/** SQL for `in …`: the values of a bound JSON array. */
export const anyValueOf = (name: string) => `(select value from json_each(:${name}))`

export const placementColumns = [
  'service_provider',
  'resource',
  'name',
  'project',
  'from',
  'to',
  'from_position',
  'to_position',
]

/** @param name of the resource when the placement began */
export function placementCells(placement: PlacementRow, name: string | null): Cells {
  return {
    service_provider: placement.service_provider,
    resource: readResource(placement.resource_type, placement.resource_id),
    name,
    project: placement.project,
    from: time(placement.from_at),
    to: time(placement.to_at),
    from_position: placement.from_position,
    to_position: placement.to_position,
  }
}

const MOST_LANES = 40

/** A chart of placements: a lane for each of the first resources, in order. */
export function chartPlacements(
  { title, section }: { readonly title: string; readonly section: string },
  placements: readonly PlacementRow[],
  interruptions: Interruptions,
): IntervalChart {
  const lanes = new Map<string, IntervalChart['lanes'][number]['spans'][number][]>()
  let resources = 0
  let before: string | undefined
  for (const placement of placements) {
    const { type, id } = readResource(placement.resource_type, placement.resource_id)
    const name = `${type} ${id}`
    if (name !== before) resources += 1
    before = name
    if (resources > MOST_LANES) continue
    const spans = lanes.get(name) ?? []
    lanes.set(name, spans)
    spans.push({
      from: placement.from_at,
      until: placement.to_at,
      cloud: placement.service_provider,
      says: `${placement.service_provider}, ${placement.project ?? 'no project'}`,
    })
  }
  const { from, until } = interruptions.activity
  const shown =
    resources > lanes.size ? ` The first ${lanes.size} of ${resources}; the table has all.` : ''
  return {
    kind: 'interval-chart',
    title,
    note: `A lane is a resource, its colour the cloud.${shown} Behind a lane are the silences (hatched) and gaps (red) of its cloud.`,
    section,
    from,
    until,
    lanes: [...lanes].map(([name, spans]) => ({ name, spans })),
    marks: interruptionMarks(interruptions),
  }
}

/** SQL: whether a placement begins with the event that ended the previous one. Then only the owner changed. */
export function succeeds(later: string, earlier: string): string {
  return `${earlier}.resource_type = ${later}.resource_type and ${earlier}.resource_id = ${later}.resource_id
    and ${earlier}.service_provider = ${later}.service_provider and ${earlier}.from_at <= ${later}.from_at
    and ${earlier}.to_position = ${later}.from_position and ${earlier}.from_position <> ${later}.from_position`
}
