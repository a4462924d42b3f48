import type { Logger } from 'pino'
import { allConflicts, type Conflict, conflictsIn } from '../projection/conflicts.js'
import type { Views } from '../projection/open-views.js'

/** Counts the ids that several clouds claim, and logs each once. */
interface ConflictWatcher {
  count(): number
  /** Look for conflicts among new events. */
  check(positions: ReturnType<Views['catchUp']>): void
}

export function createConflictWatcher(views: Views, logger: Logger): ConflictWatcher {
  const find = conflictsIn(views.db)
  const known = new Map(allConflicts(views.db).map(conflict => [keyOf(conflict), conflict]))
  return {
    count: () => known.size,
    check(positions) {
      for (const conflict of find(positions)) {
        const key = keyOf(conflict)
        if (known.get(key)?.serviceProviders.length === conflict.serviceProviders.length) continue
        known.set(key, conflict)
        logger.warn(
          { conflict },
          'an id is claimed by several clouds: requests go to the first of them',
        )
      }
    },
  }
}

function keyOf({ resource }: Conflict): string {
  return `${resource.type}/${resource.id}`
}
