import type { Database } from 'better-sqlite3'
import type { StoredId } from '../event/stored.js'
import { resourceTypes } from '../ids.js'

/** Resources of one type, in the order of their stored ids: from (inclusive) to (exclusive). */
export interface Keys {
  readonly type: number
  readonly fromId: StoredId
  readonly toId: StoredId
}

/** Events of one piece: little enough for what is grouped of them to stay in memory. */
const PIECE = 50_000
/** Less than every id: texts come before UUIDs. */
const FIRST = ''
/** Greater than every id: those that are UUIDs come last, with 16 bytes. */
const BEYOND = Buffer.alloc(17, 0xff)

/**
 * Cut all resources of the attached file `log` into pieces of about as many events each. Together
 * they are every resource once.
 */
export function cutKeys(db: Database, size = PIECE): Keys[] {
  const ofType = `
    select resource_id as id, resource_id = :from as same
    from log.events indexed by events_by_resource where kind > 0 and resource_type = :type`
  const order = 'order by resource_id, service_provider, at'
  interface Cut {
    readonly id: StoredId
    readonly same: number
  }
  const at = db.prepare<unknown[], Cut>(
    `${ofType} and resource_id >= :from ${order} limit 1 offset :size`,
  )
  const after = db.prepare<unknown[], Cut>(`${ofType} and resource_id > :from ${order} limit 1`)
  return resourceTypes.flatMap((_, type) => {
    const pieces: Keys[] = []
    let from: StoredId = FIRST
    for (;;) {
      let cut = at.get({ type, from, size })
      if (cut?.same) cut = after.get({ type, from }) // a resource is never cut in two
      pieces.push({ type, fromId: from, toId: cut?.id ?? BEYOND })
      if (cut === undefined) return pieces
      from = cut.id
    }
  })
}
