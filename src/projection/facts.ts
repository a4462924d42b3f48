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
 * All that is said of one resource in one cloud, in the order that `turnsOf` wants: `:resource_type`,
 * `:resource_id`, `:service_provider`, made from `:parent`, told `:since` a time and not after the
 * position `:upTo`.
 *
 * @param events a table of events, or a view over several
 */
export function selectFacts(events: string): string {
  // A plain term on the position would be looked up by it, and not by the resource.
  return `select * from (
    select at, position, kind, project, 1 as own from ${events}
    where resource_type = :resource_type and resource_id = :resource_id
      and service_provider = :service_provider and at >= :since and kind > 0
      and +position <= :upTo
    union all
    select at, position, kind, project, 0 from ${events}
    where :parent is not null and resource_type = ${resourceTypeCode('volume')}
      and resource_id = :parent and service_provider = :service_provider and at >= :since
      and kind > 0 and kind = ${kindCode('transferred')} and project is not null
      and +position <= :upTo
    ) order by at, own, kind = ${kindCode('deleted')}, position`
}

export function readFact(row: FactRow): Fact {
  return { ...row, kind: kindOf(row.kind), own: row.own === 1 }
}
