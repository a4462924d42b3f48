/** The one domain of a miniature cloud, under the id and name that Keystone bootstraps. */
export const DOMAIN = { id: 'default', name: 'Default' } as const

export interface ProjectEntry {
  /** 32 hex digits. */
  readonly id: string
  readonly name: string
  readonly enabled?: boolean
}

/** Role names by project name: `{ demo: ['reader', 'member'] }`. */
export type Grants = Readonly<Record<string, readonly string[]>>

export interface UserEntry {
  readonly id: string
  readonly name: string
  readonly password: string
  readonly grants: Grants
  readonly applicationCredentials?: readonly ApplicationCredential[]
}

export interface ApplicationCredential {
  readonly id: string
  readonly secret: string
  /** Project name. */
  readonly project: string
  readonly accessRules?: readonly Readonly<Record<'service' | 'method' | 'path', string>>[]
}

/** Where federated users get their roles from. */
export interface GroupEntry {
  readonly id: string
  readonly name: string
  readonly grants: Grants
}

/** Who and what a miniature Keystone knows. Nothing in it changes while the cloud runs. */
export interface Directory {
  readonly projects: readonly ProjectEntry[]
  readonly users: readonly UserEntry[]
  readonly groups?: readonly GroupEntry[]
}

/** How an API names a thing: by its id, or by its name within the domain. */
export interface Reference {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly domain?:
    | { readonly id?: string | undefined; readonly name?: string | undefined }
    | undefined
}

/** The entry that is meant, if there is one. A name without its domain names nothing. */
export function find<Entry extends { id: string; name: string }>(
  entries: readonly Entry[],
  { id, name, domain }: Reference,
): Entry | undefined {
  if (id !== undefined) return entries.find(entry => entry.id === id)
  if (domain?.id !== DOMAIN.id && domain?.name !== DOMAIN.name) return undefined
  return entries.find(entry => entry.name === name)
}

/** The roles that any of the grants gives on a project. */
export function rolesOn(project: ProjectEntry, grants: readonly Grants[]): readonly string[] {
  return [...new Set(grants.flatMap(grant => grant[project.name] ?? []))]
}
