import type { OpsVisitor } from '../api/visitor.js'
import type { Project } from '../identity/identity.js'

/** By id. */
type Names = ReadonlyMap<string, string>

/** Names of projects and users, as Keystone gave them when people logged in. */
export interface KeystoneNames {
  add(visitor: OpsVisitor, projects: readonly Project[]): void
  /** The names that a visitor may see: all, or those of its own projects and its own user. */
  namesFor(visitor: OpsVisitor): { readonly projects: Names; readonly users: Names }
}

/** About 5 MB. The oldest ones are forgotten first. */
const CAPACITY = 50_000

export function createKeystoneNames(capacity = CAPACITY): KeystoneNames {
  const projects = new Map<string, string>()
  const users = new Map<string, string>()

  function put(names: Map<string, string>, id: string, name: string): void {
    names.delete(id)
    names.set(id, name)
    const [oldest] = names.keys()
    if (names.size > capacity && oldest !== undefined) names.delete(oldest)
  }

  return {
    add({ userId, userName }, userProjects) {
      for (const { id, name } of userProjects) put(projects, id, name)
      if (userId !== null && userName !== null) put(users, userId, userName)
    },
    namesFor({ viewer, userId }) {
      if (viewer === 'all') return { projects, users }
      return {
        projects: pick(
          projects,
          viewer.map(({ project }) => project),
        ),
        users: pick(users, userId === null ? [] : [userId]),
      }
    },
  }
}

function pick(names: Names, ids: readonly string[]): Names {
  return new Map(
    ids.flatMap(id => {
      const name = names.get(id)
      return name === undefined ? [] : [[id, name]]
    }),
  )
}
