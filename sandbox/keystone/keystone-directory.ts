/** The only domain of a miniature cloud, with the id and name that Keystone's bootstrap gives it. */
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

/** A group; federated users get their roles from groups. */
export interface GroupEntry {
  readonly id: string
  readonly name: string
  readonly grants: Grants
}

/** The users, groups and projects of a miniature Keystone. They never change while the cloud runs. */
export interface Directory {
  readonly projects: readonly ProjectEntry[]
  readonly users: readonly UserEntry[]
  readonly groups?: readonly GroupEntry[]
}

/** A reference in the API: by id, or by name within the domain. */
export interface Reference {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly domain?:
    | { readonly id?: string | undefined; readonly name?: string | undefined }
    | undefined
}

/** The entry that the reference names, if there is one. A name without a domain matches nothing. */
export function find<Entry extends { id: string; name: string }>(
  entries: readonly Entry[],
  { id, name, domain }: Reference,
): Entry | undefined {
  if (id !== undefined) return entries.find(entry => entry.id === id)
  if (domain?.id !== DOMAIN.id && domain?.name !== DOMAIN.name) return undefined
  return entries.find(entry => entry.name === name)
}

/** The roles that the grants give on a project. */
export function rolesOn(project: ProjectEntry, grants: readonly Grants[]): readonly string[] {
  return [...new Set(grants.flatMap(grant => grant[project.name] ?? []))]
}
