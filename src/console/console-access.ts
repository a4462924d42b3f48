import type { AdmitVisitor } from '../api/visitor.js'
import type { Credentials } from '../config/credentials.js'
import type { Project } from '../identity/identity.js'
import type { Token } from '../identity/token.js'

/** The Keystone of the identity provider, as the console needs it. */
export interface ConsoleAccess {
  /** Who a token belongs to. Keystone's answer is cached for a short time, so a revoked token ends its session. */
  readonly admit: AdmitVisitor
  /**
   * Log in with a password.
   *
   * @throws NOT_AUTHENTICATED, IDENTITY_UNAVAILABLE
   */
  logIn(credentials: Credentials): Promise<Token>
  /** The projects of the user, for their names. Throws as `logIn`, and FEDERATION_FAILED. */
  listProjects(token: Token): Promise<readonly Project[]>
}
