import { kindCode, kindOf, resourceTypeCode } from '../event/stored.js'
import type { Fact } from './turns.js'

export interface FactRow {
  readonly at: number
  readonly position: number
  readonly kind: number
  readonly project: number | null
  readonly own: number
}

/**
 * All that is said of one resource in one cloud: `:resource_type`, `:resource_id`, `:service_provider`,
 * made from `:parent`, told `:since` a time and not after the position `:upTo`.
 *
 * @param events a table of events, or a view over several
 */
export function selectFacts(events: string): string {
  // A plain term on the position would be looked up by it, and not by the resource.
  return `
    select at, position, kind, project, 1 as own from ${events}
    where resource_type = :resource_type and resource_id = :resource_id
      and service_provider = :service_provider and at >= :since and kind > 0
      and +position <= :upTo
    union all
    select at, position, kind, project, 0 from ${events}
    where :parent is not null and resource_type = ${resourceTypeCode('volume')}
      and resource_id = :parent and service_provider = :service_provider and at >= :since
      and kind > 0 and kind = ${kindCode('transferred')} and project is not null
      and +position <= :upTo`
}

/** What was selected, in the order that `turnsOf` wants. Sorted here: SQLite takes longer to begin. */
export function readFacts(rows: readonly FactRow[]): Fact[] {
  return rows
    .map(row => ({ ...row, kind: kindOf(row.kind), own: row.own === 1 }))
    .sort(
      (one, other) =>
        one.at - other.at ||
        Number(one.own) - Number(other.own) ||
        Number(one.kind === 'deleted') - Number(other.kind === 'deleted') ||
        one.position - other.position,
    )
}
