import type { Database } from 'better-sqlite3'
import type { StoredId } from '../event/stored.js'
import { resourceTypes } from '../ids.js'
import type { Stretch } from './projection.js'

/** Resources of one type, in the order of their stored ids: from (inclusive) to (exclusive). */
export interface Keys {
  readonly type: number
  readonly fromId: StoredId
  readonly toId: StoredId
  /** How many events they have, about. */
  readonly events: number
}

/**
 * Every how-manyth event is looked at, and how many of those make a piece. 50,000 events are little
 * enough for what is grouped of them to stay in memory.
 */
const SAMPLE = { distance: 500, together: 100 }
/** Not greater than any id: texts come before UUIDs. */
const FIRST = ''
/** Greater than every id: those that are UUIDs come last, with 16 bytes. */
const BEYOND = Buffer.alloc(17, 0xff)

/**
 * Cut all resources into pieces of about as many events each, going by some events of the attached
 * file `log` at even distances. Together the pieces are every resource once.
 */
export function cutKeys(
  db: Database,
  { after, upTo }: Stretch,
  { distance, together } = SAMPLE,
): Keys[] {
  const sample = db
    .prepare<[object], { readonly type: number; readonly id: StoredId }>(`
      with recursive places (position) as (
        select :after + 1 union all
        select position + :distance from places where position + :distance <= :upTo
      )
      select e.resource_type as type, e.resource_id as id
      from places cross join log.events e using (position)
      where e.kind > 0 and e.resource_type is not null and e.resource_id is not null
      order by e.resource_type, e.resource_id`)
    .all({ after, upTo, distance })
  return resourceTypes.flatMap((_, type) => {
    const ids = sample.filter(event => event.type === type).map(({ id }) => id)
    const cuts = ids.filter((_, index) => index > 0 && index % together === 0)
    const borders = [FIRST, ...cuts.filter(isFirst), BEYOND]
    const events = (ids.length * distance) / (borders.length - 1)
    return borders.slice(1).map((toId, index) => {
      const fromId = borders[index] ?? FIRST
      return { type, fromId, toId, events }
    })
  })
}

/** A resource is never cut in two. */
function isFirst(id: StoredId, index: number, ids: readonly StoredId[]): boolean {
  const before = ids[index - 1]
  if (typeof id === 'string' || typeof before !== 'object') return id !== before
  return !id.equals(before)
}
