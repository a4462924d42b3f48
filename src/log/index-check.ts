import type { Database } from 'better-sqlite3'
import type { Position } from '../ids.js'

/** The indexes of `events`, and the condition under which an index entry equals its event. */
const indexes = [
  {
    name: 'events_by_resource',
    label: 'index of resources',
    of: 'kind > 0',
    same: `i.kind > 0 and i.resource_type is e.resource_type and i.resource_id is e.resource_id
      and i.service_provider = e.service_provider and i.at = e.at and i.kind = e.kind
      and i.position = e.position and i.project is e.project and i.parent is e.parent`,
    because: 'reports read by it',
  },
  {
    name: 'events_by_message',
    label: 'index of messages',
    of: 'true',
    same: `i.message_id = e.message_id and i.service_provider = e.service_provider
      and i.position = e.position`,
    because: 'what comes again is found by it',
  },
] as const

/**
 * The first event of a range that differs from its index entry or has none; null if there is no such
 * event. Views and reports read the indexes, so a changed index gives wrong results.
 *
 * @param range positions `after` (exclusive) to `upTo` (inclusive)
 * @throws SqliteError if an index is missing
 */
export function firstUnindexed(
  db: Database,
  range: { readonly after: Position; readonly upTo: Position },
): { readonly position: Position; readonly problem: string } | null {
  for (const { name, label, of, same, because } of indexes) {
    // This reads the index in order and so caches it: random reads from a disk take many times longer.
    count(db, name, of)
    const unindexed = db
      .prepare<[object], Position>(`
        select position from main.events e not indexed
        where position > :after and position <= :upTo and ${of} and not exists (
          select 1 from main.events i indexed by ${name} where ${same})
        order by position limit 1`)
      .pluck()
    const position = unindexed.get(range)
    if (position !== undefined) {
      return { position, problem: `is not in the ${label} as it is, and ${because}` }
    }
  }
  return null
}

/** Problems of indexes that have more entries than events. */
export function surplusInIndexes(db: Database): string[] {
  return indexes.flatMap(({ name, label, of, because }) => {
    const events = db
      .prepare<[], number>(`select count(*) from main.events not indexed where ${of}`)
      .pluck()
      .get()
    const surplus = count(db, name, of) - (events ?? 0)
    const problem = `the ${label} has ${surplus} entries more than there are events, and ${because}`
    return surplus === 0 ? [] : [problem]
  })
}

function count(db: Database, name: string, of: string): number {
  const counted = db.prepare<[], number>(
    `select count(*) from main.events indexed by ${name} where ${of}`,
  )
  return counted.pluck().get() ?? 0
}
