import type { OpsVisitor } from '../api/visitor.js'
import type { Project } from '../identity/identity.js'

/** Names that Keystone told when people logged in: of projects and users, by their ids. */
export interface ToldNames {
  readonly names: ReadonlyMap<string, string>
  add(visitor: OpsVisitor, projects: readonly Project[]): void
}

/** About 5 MB. The oldest ones are forgotten first. */
const CAPACITY = 50_000

export function createToldNames(capacity = CAPACITY): ToldNames {
  const names = new Map<string, string>()
  const put = (id: string, name: string) => {
    names.delete(id)
    names.set(id, name)
    const [oldest] = names.keys()
    if (names.size > capacity && oldest !== undefined) names.delete(oldest)
  }
  return {
    names,
    add({ userId, userName }, projects) {
      for (const { id, name } of projects) put(id, name)
      if (userId !== null && userName !== null) put(userId, userName)
    },
  }
}
