import type { ProjectId, SpName } from '../ids.js'
import type { Token } from './token.js'

/** A project in the Keystone of its own cloud. */
export interface Project {
  readonly id: ProjectId
  /** Its id if the cloud gives no name. */
  readonly name: string
  /** null for a project that acts as a domain itself. */
  readonly domainId: string | null
  /** null if the cloud does not say it: `GET /v3/auth/projects` gives only the id. */
  readonly domainName: string | null
}

/** The owner of a local token (`GET /v3/auth/tokens`). */
export interface Caller {
  readonly userId: string
  readonly userName: string
  /** null for a token that is not scoped to a project. Such a token cannot be federated. */
  readonly project: Project | null
  readonly roles: readonly string[]
  /** Milliseconds since 1970; `Infinity` for a token that never expires. */
  readonly expiresAtMs: number
  /** Whether it is an application credential with access rules. Such a token cannot be federated. */
  readonly hasAccessRules: boolean
}

/** A token of the user at a service provider, scoped to one of the user's projects there. */
export interface Access {
  readonly token: Token
  readonly project: Project
  /** Public endpoints in the catalog of that cloud, by service type: `image` → `http://…:9292`. */
  readonly endpoints: ReadonlyMap<string, string>
}

/** The Keystone requests of the proxy, at the identity provider and the service providers. Results are cached. */
export interface Identity {
  /** The owner of a token if it is cached; else undefined. `authenticate` would return it, too, but later. */
  cachedCaller(token: Token): Caller | undefined
  /**
   * Validate a token and return its owner. No privilege is needed.
   *
   * @throws NOT_AUTHENTICATED, IDENTITY_UNAVAILABLE
   */
  authenticate(token: Token): Promise<Caller>
  /**
   * The enabled projects of the user at a service provider; empty if it does not admit the user.
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
  /**
   * What `access` would return, but at once: for one of the cached projects. undefined if the projects or the
   * token for the chosen one are not cached.
   *
   * @throws what `choose` throws
   */
  cachedAccess(
    token: Token,
    at: SpName,
    choose: (projects: readonly Project[]) => Project,
  ): Access | undefined
  /** Drop what is cached for this token at a service provider, because the service provider answered 401. */
  forget(token: Token, at: SpName): void
}
