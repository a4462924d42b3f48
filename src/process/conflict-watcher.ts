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
  let known: Map<string, Conflict> | null = null
  /** Reads the whole view at the first use, so that the start does not take longer with more resources. */
  const load = () => {
    known ??= new Map(allConflicts(views.db).map(conflict => [keyOf(conflict), conflict]))
    return known
  }
  return {
    count: () => load().size,
    check(positions) {
      const found = find(positions)
      if (found.length === 0) return
      const isFirst = known === null
      const all = load()
      // the view has these already, but they are not logged yet
      if (isFirst) for (const conflict of found) all.delete(keyOf(conflict))
      for (const conflict of found) {
        const key = keyOf(conflict)
        if (all.get(key)?.serviceProviders.length === conflict.serviceProviders.length) continue
        all.set(key, conflict)
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
