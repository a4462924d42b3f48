/** The user of a token, as Keystone reports it to Glance and Cinder. */
export interface Caller {
  readonly userId: string
  readonly projectId: string
  readonly projectName: string
  readonly roles: readonly string[]
  /** The token itself: Cinder puts it into the context of its notifications. */
  readonly token: string
}

/** Returns null if the token is unknown, expired, or not scoped to a project. */
export type WhoIs = (token: string) => Caller | null

export function isAdmin({ roles }: Caller): boolean {
  return roles.includes('admin')
}
