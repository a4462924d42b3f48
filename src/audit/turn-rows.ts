import type { StoredId } from '../event/stored.js'
import { type Audited, readResource, time } from './audited.js'
import type { Cells, Spans } from './report.js'

/** A turn of `placements` with the words behind its numbers. */
export interface TurnRow {
  readonly service_provider: string
  readonly resource_type: number
  readonly resource_id: StoredId
  readonly project: string | null
  readonly from_at: number
  readonly from_position: number
  readonly to_at: number | null
  readonly to_position: number | null
}

/** The turns `p` for which a condition holds, in the order of resources and times. */
export function turnsWhere(
  { db }: Audited,
  condition: string,
  values: Readonly<Record<string, unknown>>,
): TurnRow[] {
  return db
    .prepare<[typeof values], TurnRow>(
      `select sp.name as service_provider, p.resource_type, p.resource_id, pr.name as project,
        p.from_at, p.from_position, p.to_at, p.to_position
      from placements p join service_providers sp on sp.id = p.service_provider
      left join projects pr on pr.id = p.owner
      where ${condition}
      order by p.resource_type, p.resource_id, p.service_provider, p.from_at, p.from_position`,
    )
    .all(values)
}

/** For `in (…)`: any of several texts, bound as one. */
export const anyOf = (name: string) => `(select value from json_each(:${name}))`

export const turnColumns = [
  'service_provider',
  'resource',
  'project',
  'from',
  'to',
  'from_position',
  'to_position',
]

export function turnCells(turn: TurnRow): Cells {
  return {
    service_provider: turn.service_provider,
    resource: readResource(turn.resource_type, turn.resource_id),
    project: turn.project,
    from: time(turn.from_at),
    to: time(turn.to_at),
    from_position: turn.from_position,
    to_position: turn.to_position,
  }
}

const MOST_LANES = 40

/** Turns, in the order of resources, drawn as lanes, a resource each; the first of them where there are many. */
export function spansOf(audited: Audited, title: string, turns: readonly TurnRow[]): Spans {
  const lanes = new Map<string, Spans['lanes'][number]['spans'][number][]>()
  let resources = 0
  let before: string | undefined
  for (const turn of turns) {
    const { type, id } = readResource(turn.resource_type, turn.resource_id)
    const name = `${type} ${id}`
    if (name !== before) resources += 1
    before = name
    if (resources > MOST_LANES) continue
    const spans = lanes.get(name) ?? []
    lanes.set(name, spans)
    spans.push({
      from: turn.from_at,
      until: turn.to_at,
      group: turn.service_provider,
      says: `${turn.service_provider}, ${turn.project ?? 'no project'}`,
    })
  }
  return {
    kind: 'spans',
    title,
    note:
      resources > lanes.size
        ? `The first ${lanes.size} of ${resources} resources; the table has all.`
        : 'A lane is a resource, its colour the cloud.',
    from: audited.since ?? 0,
    until: audited.until ?? 0,
    lanes: [...lanes].map(([name, spans]) => ({ name, spans })),
  }
}
