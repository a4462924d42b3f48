import type { Position } from '../ids.js'
import type { LogReader } from './log.js'

const indexed = 'from main.events indexed by events_by_resource where kind > 0'

/**
 * The first event of a stretch that the index of resources does not have as it stands, or null. Views
 * and reports read by that index: what is wrong in it alone, they would miss or mistake.
 *
 * @param stretch positions `after` (exclusive) to `upTo` (inclusive)
 * @throws SqliteError where there is no such index
 */
export function firstUnindexed(
  { db }: LogReader,
  stretch: { readonly after: Position; readonly upTo: Position },
): Position | null {
  // Read once in its own order: to look all over it for what is on a disk still takes many times as long.
  db.prepare(`select count(*) ${indexed}`).get()
  const unindexed = db
    .prepare<[object], Position>(`
      select position from main.events e not indexed
      where position > :after and position <= :upTo and kind > 0 and not exists (
        select 1 from main.events i indexed by events_by_resource
        where i.kind > 0 and i.resource_type is e.resource_type and i.resource_id is e.resource_id
          and i.service_provider = e.service_provider and i.at = e.at and i.kind = e.kind
          and i.position = e.position and i.project is e.project and i.parent is e.parent)
      order by position limit 1`)
    .pluck()
  return unindexed.get(stretch) ?? null
}

/** How many more entries the index of resources has than there are events for it. */
export function surplusInIndex({ db }: LogReader): number {
  const surplus = db
    .prepare<[], number>(`
      select (select count(*) ${indexed})
        - (select count(*) from main.events not indexed where kind > 0)`)
    .pluck()
  return surplus.get() ?? 0
}
