import type Database from 'better-sqlite3'
import { resourceTypeCode, type StoredId, storeId } from '../event/stored.js'
import type { ResourceId, ResourceType } from '../ids.js'

/** A look-up of one resource. */
type Lookup<Result> = (type: ResourceType, id: ResourceId) => Result

/** Reads views that another process writes. */
interface ViewReader {
  /** The look-up with its results remembered. Do not change a result: others get it, too. */
  remember<Result>(find: (type: number, id: StoredId) => Result): Lookup<Result>
}

/** A result takes about 300 bytes. */
const CAPACITY = 50_000

/**
 * Create a reader of open views. All look-ups in one turn of the event loop see the same state of the views: they
 * are made in one read transaction, because to begin one takes as long as a look-up. Results are
 * remembered until another process commits; the next turn then sees the new state.
 */
export function createViewReader(db: Database.Database, capacity = CAPACITY): ViewReader {
  const begin = db.prepare('begin')
  const commit = db.prepare('commit')
  // The number changes if another connection has committed: sqlite.org/pragma.html#pragma_data_version
  const readVersion = db.prepare<[], number>('pragma data_version').pluck()
  const forget: (() => void)[] = []
  let version: number | undefined
  let isInTurn = false
  let remembered = 0

  function beginTurn(): void {
    if (isInTurn) return
    begin.run()
    isInTurn = true
    setImmediate(endTurn)
    const current = readVersion.get()
    if (current !== version) forgetAll()
    version = current
  }

  function endTurn(): void {
    isInTurn = false
    if (db.open && db.inTransaction) commit.run()
  }

  function forgetAll(): void {
    for (const each of forget) each()
    remembered = 0
  }

  return {
    remember<Result>(find: (type: number, id: StoredId) => Result) {
      const results = new Map<ResourceType, Map<ResourceId, Result>>()
      forget.push(() => results.clear())

      function resultsOf(type: ResourceType): Map<ResourceId, Result> {
        const existing = results.get(type)
        if (existing) return existing
        const created = new Map<ResourceId, Result>()
        results.set(type, created)
        return created
      }

      return (type, id) => {
        beginTurn()
        const known = resultsOf(type).get(id)
        if (known !== undefined) return known
        const found = find(resourceTypeCode(type), storeId(id))
        if (remembered >= capacity) forgetAll()
        remembered += 1
        resultsOf(type).set(id, found)
        return found
      }
    },
  }
}
