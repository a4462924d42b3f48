import type { ProjectId, SpName } from '../ids.js'
import type { Token } from './token.js'

/** A Keystone project as its own cloud knows it. */
export interface Project {
  readonly id: ProjectId
  /** Its id, where the cloud gives it no name. */
  readonly name: string
  /** null for a project that acts as a domain itself. */
  readonly domainId: string | null
  /** Where the cloud says it; `GET /v3/auth/projects` gives the id alone. */
  readonly domainName: string | null
}

/** Whom a local token belongs to (`GET /v3/auth/tokens`). */
export interface Caller {
  readonly userId: string
  readonly userName: string
  /** null for a token that is not scoped to a project: such a one cannot leave the identity provider. */
  readonly project: Project | null
  readonly roles: readonly string[]
  /** Milliseconds since 1970; `Infinity` for a token that never expires. */
  readonly expiresAtMs: number
  /** An application credential with access rules: Keystone makes no assertion from it. */
  readonly hasAccessRules: boolean
}

/** A token of the user's own at a service provider, scoped to one of its projects there. */
export interface Access {
  readonly token: Token
  readonly project: Project
  /** Public endpoints by service type from the catalog of that cloud: `image` → `http://…:9292`. */
  readonly endpoints: ReadonlyMap<string, string>
}

/** What the proxy asks of Keystone, here and at the service providers. Calls are cached and shared. */
export interface Identity {
  /**
   * Who is this? The token validates itself, so that no privilege is needed.
   *
   * @throws NOT_AUTHENTICATED, IDENTITY_UNAVAILABLE
   */
  authenticate(token: Token): Promise<Caller>
  /**
   * The enabled projects that the user has at a service provider, none if it does not admit them.
   *
   * @throws FORBIDDEN if the token cannot be federated, FEDERATION_FAILED, SERVICE_PROVIDER_UNREACHABLE,
   * SERVICE_PROVIDER_TIMEOUT, IDENTITY_UNAVAILABLE, NOT_AUTHENTICATED
   */
  projects(token: Token, caller: Caller, at: SpName): Promise<readonly Project[]>
  /**
   * A token scoped to one of `projects`.
   *
   * @throws as `projects`, and NO_PROJECT_AT_SERVICE_PROVIDER if the user has no role on it
   */
  access(token: Token, caller: Caller, at: SpName, project: ProjectId): Promise<Access>
  /** Drop what is cached of this token at a service provider, because it was answered 401 there. */
  forget(token: Token, at: SpName): void
}
