import type { Database } from 'better-sqlite3'
import { kindCode, kindOf, resourceTypeCode, type StoredId } from '../event/stored.js'
import type { Fact } from './turns.js'

/** One resource in one cloud, as the log's numbers have it. */
export interface Resource {
  readonly resource_type: number
  readonly resource_id: StoredId
  readonly service_provider: number
  /** What it was made from. */
  readonly parent: StoredId | null
}

interface Within {
  readonly since: number
  readonly upTo: number
}

interface FactRow {
  readonly at: number
  readonly position: number
  readonly kind: number
  readonly project: number | null
}

/**
 * Prepare what reads all that is said of a resource, and of whether it was given away with its
 * parent: told `since` a time (microseconds) and not after the position `upTo`, in the order that
 * `turnsOf` wants.
 *
 * @param events a table of events, or a view over several
 */
export function readingFacts(
  db: Database,
  events: string,
): (resource: Resource, within: Within) => Fact[] {
  const own = db.prepare<[object], FactRow>(selectOf(events, 'resource_id'))
  const given = readingGiven(db, events)
  return (resource, within) => {
    const facts = own.all({ ...resource, ...within }).map(row => fact(row, true))
    return inOrder([...facts, ...given(resource, within)])
  }
}

/** Prepare what reads alone whether a resource was given away with its parent. */
export function readingGiven(
  db: Database,
  events: string,
): (resource: Resource, within: Within) => Fact[] {
  const given = db.prepare<[object], FactRow>(
    `${selectOf(events, 'parent')} and kind = ${kindCode('transferred')} and project is not null`,
  )
  return (resource, within) => {
    if (resource.parent === null) return []
    const asked = { ...resource, ...within, resource_type: VOLUME }
    return given.all(asked).map(row => fact(row, false))
  }
}

const VOLUME = resourceTypeCode('volume')

/** A plain term on the position would be looked up by it, and not by the resource. */
const selectOf = (events: string, id: string) => `
  select at, position, kind, project from ${events}
  where resource_type = :resource_type and resource_id = :${id}
    and service_provider = :service_provider and at >= :since and kind > 0
    and +position <= :upTo`

export function fact({ at, position, kind, project }: FactRow, own: boolean): Fact {
  return { at, position, kind: kindOf(kind), project, own }
}

/** Sorted here, in place: SQLite takes longer to begin. */
export function inOrder(facts: Fact[]): Fact[] {
  return facts.sort(
    (one, other) =>
      one.at - other.at ||
      Number(one.own) - Number(other.own) ||
      Number(one.kind === 'deleted') - Number(other.kind === 'deleted') ||
      one.position - other.position,
  )
}
